"""Compares our `.tflite` with other runtimes on the same FSRCNN x2, 640x360 to 1280x720, on a CPU.

    pip install -e ".[mobile,benchmarks]"
    python benchmarks/mobile/runtimes.py

ONNX Runtime and OpenCV get the network in three forms, one with our blocks; TensorFlow runs with
and without XLA. The best form of each counts. First, all must compute the same. Then the
contestants take turns in an order that changes every round. Each runs in a separate process on as
many cores as threads. Times are from array to array; a ratio is the median, over rounds, of the
contestant's time divided by ours in the same round. On one thread, processor time is also given,
which other work on the machine hardly changes.
"""

import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"  # Before Keras is imported: only it converts.

import numpy as np
import tyro
from rich.console import Console
from rich.progress import track

import keras_pisr as kp
from keras_pisr.atomic import atomic_path
from keras_pisr.console.quiet import without_notices
from keras_pisr.mobile.latency.timing import machine
from runtimes_networks import write_networks
from runtimes_worker import CONTESTANTS

OURS = CONTESTANTS[0]
WORKER = Path(__file__).with_name("runtimes_worker.py")
PACKAGES = ["ai-edge-litert", "onnxruntime", "opencv-python-headless", "tensorflow", "keras"]


@dataclass
class Settings:
    """Settings of the measurement."""

    size: tuple[int, int] = (360, 640)
    """LR height and width, px."""
    threads: tuple[int, ...] = (1, 2)
    """Numbers of threads, and of cores on which they run."""
    rounds: int = 15
    """Number of turns of each contestant."""
    calls: int = 5
    """Number of timed calls per turn, after one call that does not count."""
    out: Path = Path("docs/results/speed/runtimes.json")
    """File for the figures."""


class Contestant:
    """A worker process."""

    def __init__(self, name, threads, folder):
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER), name, str(threads), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.answer()

    def answer(self):
        """The line it prints next."""
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args} ended early; run it by hand to see why.")
        return line

    def seconds(self, calls):
        """Seconds of each call: `[wall time, processor time]`."""
        self.process.stdin.write(f"{calls + 1}\n")
        self.process.stdin.flush()
        return np.array(json.loads(self.answer()))[:, 1:]

    def finish(self):
        """End it."""
        self.process.stdin.close()
        self.process.wait()


def compete(settings, threads, folder):
    """Rows of figures for every contestant."""
    contestants = {name: Contestant(name, threads, folder) for name in CONTESTANTS}
    outputs = {name: np.load(folder / f"{name}.npy") for name in contestants}
    times = {name: [] for name in contestants}
    order, shuffle = list(contestants), random.Random(0).shuffle
    for turn in track(range(settings.rounds + 1), f"{threads}", console=Console(stderr=True)):
        for name in order:
            seconds = contestants[name].seconds(settings.calls)
            if turn:  # The first turn warms up: XLA compiles, and caches fill.
                times[name].append(seconds)
        shuffle(order)
    for contestant in contestants.values():
        contestant.finish()
    times = {name: 1000 * np.array(each) for name, each in times.items()}  # round, clock, call
    turns = {name: np.median(each, axis=2) for name, each in times.items()}
    rows = {}
    for name, each in times.items():
        wall, processor = each[:, 0].ravel(), each[:, 1].ravel()
        ratio, processor_ratio = np.median(turns[name] / turns[OURS], axis=0)
        rows[name] = {
            "median_ms": float(np.median(wall)),
            "p90_ms": float(np.percentile(wall, 90)),
            "min_ms": float(wall.min()),
            "processor_median_ms": float(np.median(processor)),
            "ratio": float(ratio),
            "processor_ratio": float(processor_ratio),
            "difference": float(np.abs(outputs[name] - outputs["Keras predict"]).max()),
        }
    return rows


def table(results):
    """The figures as a Markdown table."""
    heads = []
    for threads in results:
        heads += [f"{threads} thread(s): median, p90", "ratio"]
        heads += ["ratio of processor time"] if threads == 1 else []
    lines = ["| | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for name in CONTESTANTS:
        cells = []
        for threads, rows in results.items():
            row = rows[name]
            cells += [f"{row['median_ms']:.0f}, {row['p90_ms']:.0f} ms", f"{row['ratio']:.2f}"]
            cells += [f"{row['processor_ratio']:.2f}"] if threads == 1 else []
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(settings):
    """Write the networks, compare their outputs, let them compete."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        with without_notices():
            student = kp.models.FSRCNN(scale=2)
            kp.models.start_as_bicubic(student, seed=0)
            write_networks(student, folder, settings.size)
        # The input is noise, because the time of an operation does not depend on the values.
        lr = np.random.default_rng(0).random((1, *settings.size, 1), "float32")
        np.save(folder / "lr.npy", lr)
        results = {threads: compete(settings, threads, folder) for threads in settings.threads}
    differences = [row["difference"] for rows in results.values() for row in rows.values()]
    print(f"Largest difference between the outputs: {max(differences):.1e}")
    if not max(differences) < 1e-4:
        sys.exit("They do not compute the same: there is nothing to compare.")
    print("\nTimes, and by how much they exceed ours:\n")
    print(table(results))
    for threads, rows in results.items():
        others = [name for name in rows if not name.startswith(OURS)]
        best = min(others, key=lambda name: rows[name]["ratio"])
        print(f"\n{threads} thread(s): {rows[best]['ratio']:.2f} times as fast as {best}.")
    report = {
        "command": " ".join(["python benchmarks/mobile/runtimes.py", *sys.argv[1:]]),
        "machine": machine(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "load_before": load,
        "load_after": os.getloadavg()[0],
        "size": settings.size,
        "rounds": settings.rounds,
        "calls": settings.calls,
        "threads": results,
    }
    with atomic_path(settings.out) as temporary:
        temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(tyro.cli(Settings))
