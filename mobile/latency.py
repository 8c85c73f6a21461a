"""How long a `.tflite` file takes on this machine, through ai-edge-litert.

    python mobile/latency.py student.tflite --size 360 640 --threads 1 2

or, after installation, `python -m keras_pisr.mobile.latency`. TensorFlow is not imported. Exit
codes: 0; 1 if `--budget-ms` is exceeded; 2 if the request cannot be done.
"""

import json as jsonlib
import sys
from pathlib import Path
from typing import Annotated

import tyro

from keras_pisr.atomic import atomic_path
from keras_pisr.mobile.timing import measure_latency, over_budget


def table(rows):
    """Rows of `Latency` as a `rich.table.Table`."""
    from rich.table import Table

    caption = "sizes: height x width, px; start: until ready"
    result = Table(title=f"{rows[0].name} on {rows[0].machine}", caption=caption)
    for column in ("input", "output", "threads", "median", "p90", "start", "memory"):
        result.add_column(column, justify="right")
    for row in rows:
        peak = row.peak_memory_bytes
        result.add_row(
            "x".join(map(str, row.size)),
            "x".join(map(str, row.output_size)),
            str(row.threads),
            f"{row.median_ms:.2f} ms",
            f"{row.p90_ms:.2f} ms",
            f"{row.initialisation_ms:.2f} ms",
            "not measured" if peak is None else f"{peak / 1e6:.2f} ms",
        )
    return result


def latency(
    model: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FILE.tflite")],
    size: tuple[int, int] | None = None,
    threads: tuple[int, ...] = (1,),
    runs: int = 20,
    warmup: int = 3,
    json: Path | None = None,
    budget_ms: float | None = None,
) -> int:
    """Time a .tflite file on this machine's CPU.

    Args:
        model: The file.
        size: Height and width of the input, px. Without it, what the file fixes, or 360 640.
        threads: Numbers of CPU threads to time.
        runs: Timed calls.
        warmup: Calls before them that do not count.
        json: Write the figures to this file.
        budget_ms: Exit with code 1 if the fastest median of all thread counts is above this.
    """
    from rich.console import Console

    rows = [measure_latency(model, size=size, threads=n, runs=runs, warmup=warmup) for n in threads]
    Console().print(table(rows))
    if json is not None:
        with atomic_path(json) as temporary:
            text = jsonlib.dumps([row.to_dict() for row in rows], indent=2)
            temporary.write_text(text + "\n", encoding="utf-8")
    verdict = over_budget(min(rows, key=lambda row: row.median_ms), budget_ms)
    if verdict:
        print(verdict, file=sys.stderr)
        return 1
    return 0


def main(argv=None):
    """Run the command line; returns the exit code."""
    try:
        return tyro.cli(latency, args=argv, prog="latency.py")
    except (ValueError, OSError, ImportError) as error:
        print("latency.py: error:", " ".join(str(error).split()), file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
