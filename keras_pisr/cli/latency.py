"""Times a `.tflite` file on this machine, or on an Android phone through adb.

    python mobile/latency.py student.tflite --size 360 640 --threads 1 2
    python mobile/latency.py student.tflite --android --benchmark-binary benchmark_model

or, after installation, `keras-pisr latency`. TensorFlow is not imported. Exit
codes: 0; 1 if `--budget-ms` is exceeded; 2 if the request cannot be done; 130 if interrupted.
"""

import json as jsonlib
import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro

from keras_pisr.atomic import atomic_path
from keras_pisr.cli.run_command import run_command
from keras_pisr.console.sizes import told_size
from keras_pisr.mobile.latency.timing import measure_latency, over_budget

PathOption = Annotated[Path | None, tyro.conf.arg(metavar="FILE")]


def table(rows):
    """Rows of `Latency` or `PhoneLatency` as a `rich.table.Table`."""
    from rich.table import Table

    caption = "sizes in px; start: until ready; memory: peak, beyond the start's"
    result = Table(title=f"{rows[0].name} on {rows[0].machine}", caption=caption)
    for row in (cells(row) for row in rows):
        if not result.columns:
            for name in row:
                result.add_column(name, justify="right")
        result.add_row(*row.values())
    return result


def cells(row):
    """One row's cells, by the name of their column."""
    peak = row.peak_memory_bytes
    on_phone = {}
    if hasattr(row, "delegate"):
        on_phone = {"delegate": row.delegate, "takes over": row.delegation}
    sizes = {"input": row.size, "output": getattr(row, "output_size", None)}
    sizes = {name: told_size(size) for name, size in sizes.items() if size}
    return {
        **on_phone,
        **sizes,
        "threads": str(row.threads),
        "median": f"{row.median_ms:.2f} ms",
        slow_name(row): f"{slow_ms(row):.2f} ms",
        "start": f"{row.initialisation_ms:.2f} ms",
        "memory": "not measured" if peak is None else f"{peak / 1e6:.2f} MB",
    }


def slow_name(row):
    """The percentile of a row: the phone's program reports the 95th, not the 90th."""
    return "p95" if hasattr(row, "p95_ms") else "p90"


def slow_ms(row):
    """Which percentile `slow_ms` gives, as text."""
    return getattr(row, f"{slow_name(row)}_ms")


def latency(
    model: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FILE.tflite")],
    size: Annotated[tuple[int, int] | None, tyro.conf.arg(metavar="HEIGHT WIDTH")] = None,
    threads: tuple[int, ...] = (1,),
    runs: int = 20,
    warmup: int = 3,
    json: PathOption = None,
    plot: PathOption = None,
    budget_ms: Annotated[float | None, tyro.conf.arg(metavar="X")] = None,
    android: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    serial: Annotated[str | None, tyro.conf.arg(aliases=["-s"], metavar="SERIAL")] = None,
    benchmark_binary: PathOption = None,
    benchmark_apk: PathOption = None,
    delegate: tuple[Literal["cpu", "gpu", "nnapi", "npu"], ...] = ("cpu",),
    npu_libraries: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None,
    phone_folder: str = "/data/local/tmp",
) -> int:
    """Time a .tflite file on this machine's CPU, or on an Android phone.

    Args:
        model: The .tflite file to time.
        size: Height and width of the input in px [the size that the file fixes, or 360 640].
        threads: Numbers of CPU threads, each of which is timed in turn.
        runs: Number of timed calls.
        warmup: Number of calls before the timed ones, which are not counted.
        json: Write the figures to this JSON file.
        plot: Draw the figures to this file (.png, .svg or .pdf). This needs matplotlib.
        budget_ms: Exit with code 1 if the fastest median of all rows is above this many ms.
        android: Time the file on a phone that is connected by USB or by `adb connect`.
        serial: Serial number of the phone, if several are connected; `adb devices` lists them.
        benchmark_binary: Path of LiteRT's program benchmark_model, built for the phone's processor.
        benchmark_apk: Path of the app around benchmark_model, instead of --benchmark-binary.
        delegate: The parts of the phone that run the network, each of which is timed; cpu is
            XNNPACK. The program decides whether nnapi and npu exist.
        npu_libraries: Folder with the libraries of the NPU's maker and LiteRT's libraries for them
            (.so).
        phone_folder: Folder on the phone in which a temporary folder is made.
    """
    from rich.console import Console

    if android:
        from keras_pisr.mobile.latency.android_latency import measure_on_phone

        rows = measure_on_phone(
            model,
            binary=benchmark_binary,
            apk=benchmark_apk,
            serial=serial,
            delegates=delegate,
            npu_libraries=npu_libraries,
            size=size,
            threads=threads,
            runs=runs,
            warmup=warmup,
            parent=phone_folder,
        )
    else:
        if serial or benchmark_binary or benchmark_apk or npu_libraries or delegate != ("cpu",):
            raise ValueError("Phones and their delegates are timed only with --android.")
        rows = [
            measure_latency(model, size=size, threads=n, runs=runs, warmup=warmup) for n in threads
        ]
    Console().print(table(rows))
    if json is not None:
        with atomic_path(json) as temporary:
            text = jsonlib.dumps([row.to_dict() for row in rows], indent=2)
            temporary.write_text(text + "\n", encoding="utf-8")
    if plot is not None:
        from keras_pisr.mobile.latency.latency_plot import plot_latency

        plot_latency(rows, plot)
    verdict = over_budget(min(rows, key=lambda row: row.median_ms), budget_ms)
    if verdict:
        print(verdict, file=sys.stderr)
        return 1
    return 0


def main(argv=None):
    """Run the command line; returns the exit code."""
    return run_command(latency, argv)


if __name__ == "__main__":
    sys.exit(main())
