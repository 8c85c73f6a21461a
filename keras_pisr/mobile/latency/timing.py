"""Measures times and memory of one `.tflite` file in a separate process, without TensorFlow."""

from __future__ import annotations

import dataclasses
import json
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_pisr.console.sizes import told_size
from keras_pisr.mobile.runtime.tflite_file import TFLiteFile, import_runtime

if TYPE_CHECKING:
    import os


# It gives 1280x720 at x2, the size for which the literature counts operations.
SIZE = (360, 640)
ERROR = "error: "


@dataclasses.dataclass(frozen=True)
class Latency:
    """Times of one file at one size on one machine.

    Attributes:
        name: File name.
        size: Input, `(height, width)` px.
        output_size: Output, `(height, width)` px; empty if the output is no image.
        threads: CPU threads.
        runs: Timed calls.
        warmup: Number of calls before the timed ones.
        median_ms: Median time of a call.
        p90_ms: 90th percentile of the time of a call.
        min_ms: Time of the fastest call.
        initialisation_ms: Time from the path until memory is allocated, delegation included.
        first_ms: Time of the first call, which is not part of the figures above.
        peak_memory_bytes: Peak memory of the process beyond its memory before the file was
            opened (the runtime is loaded by then); None if the system does not report it
            (not Linux).
        machine: Processor and system.
    """

    name: str
    size: tuple
    output_size: tuple
    threads: int
    runs: int
    warmup: int
    median_ms: float
    p90_ms: float
    min_ms: float
    initialisation_ms: float
    first_ms: float
    peak_memory_bytes: int | None
    machine: str

    def to_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        return dataclasses.asdict(self)


def measure_latency(
    path: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    threads: int = 1,
    runs: int = 20,
    warmup: int = 3,
) -> Latency:
    """Time a file in a separate process.

    In a new process, initialisation and memory are those of the file and not of other modules.
    The input is noise, because no operation of these networks depends on the values.

    Args:
        path: A `.tflite` file.
        size: Input `(height, width)`, px; by default the file's size, or 360x640 if it has none.
        threads: CPU threads.
        runs: Number of timed calls.
        warmup: Number of calls before the timed ones, at least 1.

    Returns:
        `Latency`.

    Raises:
        ValueError: If an argument is out of range or the file cannot be run.
        FileNotFoundError: If there is no such file.
    """
    request = {
        "path": str(path),
        "size": size and list(size),
        "threads": threads,
        "runs": runs,
        "warmup": warmup,
    }
    for name, value in {"threads": threads, "runs": runs, "warmup": warmup}.items():
        if value < 1:
            raise ValueError(f"Expected {name} to be 1 or more; got {value}.")
    TFLiteFile(path, trusted=True)  # Opening the file here raises its errors with their types.
    command = [sys.executable, "-m", "keras_pisr.mobile.latency.timing"]
    result = subprocess.run(
        command, input=json.dumps(request), capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        # If the process printed an error of ours, that is the message; otherwise it died, perhaps
        # because memory ran out.
        prefix, _, reason = last.partition(ERROR)
        died = f"Timing {path} ended with code {result.returncode}: {last}"
        raise ValueError(reason if reason and not prefix else died)
    answer = json.loads(result.stdout)
    return Latency(**answer | {key: tuple(answer[key]) for key in ("size", "output_size")})


def time_calls(path, *, size, threads, runs, warmup):
    """The measurement, which `measure_latency` runs in the new process."""
    import_runtime()  # The import's time and memory belong to the runtime, not to the file.
    before = memory("VmRSS")
    start = time.perf_counter()
    model = TFLiteFile(path, threads=threads, trusted=True)
    batch, height, width, channels = model.shape
    height, width = size or (height or SIZE[0], width or SIZE[1])
    model.resize((batch or 1, height, width, channels))
    initialisation = time.perf_counter() - start
    image = np.random.default_rng(0).random((batch or 1, height, width, channels), "float32")
    # The interpreter is called directly, because an app converts float to 8 bit and back itself.
    model.fill(image)
    times = []
    for _ in range(warmup + runs):
        start = time.perf_counter()
        model.interpreter.invoke()
        times.append(1000 * (time.perf_counter() - start))
    counted = times[warmup:]
    peak = memory("VmHWM")
    output = model.interpreter.get_output_details()[0]["shape"]
    return Latency(
        name=Path(path).name,
        size=(height, width),
        output_size=tuple(map(int, output[1:3])) if len(output) == 4 else (),
        threads=threads,
        runs=runs,
        warmup=warmup,
        median_ms=float(np.median(counted)),
        p90_ms=float(np.percentile(counted, 90)),
        min_ms=min(counted),
        initialisation_ms=1000 * initialisation,
        first_ms=times[0],
        peak_memory_bytes=None if peak is None else peak - before,
        machine=machine(),
    )


def memory(field):
    """A line of `/proc/self/status` in bytes, or None if there is none.

    `getrusage` is not used: on Linux its peak starts at that of the parent process.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    found = [line.split() for line in lines if line.startswith(f"{field}:")]
    return 1024 * int(found[0][1]) if found else None


def machine():
    """Processor and system, in words."""
    processor = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        processor = f"{names[0]}, {len(names)} CPUs" if names else processor
    except OSError:
        pass
    return f"{processor}, {platform.system()}"


def over_budget(row, budget_ms):
    """A sentence if the file is too slow, otherwise None."""
    if budget_ms is None or row.median_ms <= budget_ms:
        return None
    return (
        f"{row.name} takes {row.median_ms:.2f} ms (median of {row.runs} calls, threads: "
        f"{row.threads}, input: {told_size(row.size)}); the budget is {budget_ms:g} ms."
    )


def answer():
    """Read a request from stdin, write the figures to stdout; returns the exit code."""
    request = json.load(sys.stdin)
    try:
        print(json.dumps(time_calls(request.pop("path"), **request).to_dict()))
    except (ValueError, OSError, ImportError) as error:
        print(ERROR + " ".join(str(error).split()), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(answer())
