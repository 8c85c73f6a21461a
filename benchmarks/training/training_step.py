"""Training steps of keras_pisr on each backend, compared with the same networks in plain PyTorch.

    python benchmarks/training/training_step.py

The student alone, stage 1 and stage 2 are trained by `fit` and by `torch_peer.py`, with the same
networks, losses, optimizer and logged sums, on one batch in memory. First, both get the same
weights and must compute the same losses. Then the contestants take turns, each in a separate
process. A ratio is the median, over rounds, of PyTorch's time divided by the contestant's in the
same round. The rows of JAX and PyTorch need these packages. On a machine with a GPU, hide it, or
read the figures accordingly.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.progress import track

from training_step_worker import CONTESTANTS

STAGES = ["student", "stage 1", "stage 2"]
WORKER = Path(__file__).with_name("training_step_worker.py")


@dataclass
class Settings:
    """Settings of the measurement."""

    patches: tuple[int, ...] = (64, 192)
    """Sides of the HR patch in px."""
    batch_size: int = 16
    """Number of pairs per step."""
    scale: int = 2
    """Upscaling factor."""
    cores: int = 0
    """Number of cores to use; 0 for all. On one core, processor time is measured, which other work
    on the machine hardly changes. On several cores, it is wall time: keep the machine quiet."""
    rounds: int = 7
    """Number of turns of each contestant."""
    seconds: float = 2.0
    """Time that a turn of plain PyTorch should take, which sets the number of steps per turn."""
    backends: tuple[str, ...] = ("tensorflow", "jax", "torch")
    """Keras backends to measure."""
    out: Path = Path("docs/results/speed/training_step.json")
    """File for the figures."""


class Contestant:
    """A worker process."""

    def __init__(self, name, *sizes):
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER), name, *map(str, sizes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def answer(self):
        """The number it prints next."""
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args} ended early; run it by hand to see why.")
        return float(line)

    def seconds(self, stage, steps):
        """Seconds that the given number of steps takes."""
        self.process.stdin.write(f"{stage},{steps}\n")
        self.process.stdin.flush()
        return self.answer()

    def finish(self):
        """Peak memory in MiB."""
        self.process.stdin.close()
        return self.answer()


def compete(settings, patch):
    """Milliseconds per step and ratios to plain PyTorch, for every contestant and stage."""
    sizes = patch, settings.batch_size, settings.scale, settings.cores
    names = [
        name
        for name, backend in CONTESTANTS.items()
        if backend is None or backend in settings.backends
    ]
    contestants = {name: Contestant(name, *sizes) for name in names}
    result = {name: {"stages": {}} for name in names}
    for stage in STAGES:
        warm_up = {name: c.seconds(stage, 3) for name, c in contestants.items()}
        steps = max(2, round(settings.seconds / (warm_up["PyTorch"] / 3)))
        times = {name: [] for name in names}
        for _ in track(
            range(settings.rounds), f"{patch} px, {stage}", console=Console(stderr=True)
        ):
            for name, contestant in contestants.items():
                times[name].append(contestant.seconds(stage, steps) / steps)
        for name in names:
            ratios = [
                theirs / ours for theirs, ours in zip(times["PyTorch"], times[name], strict=True)
            ]
            result[name]["stages"][stage] = {
                "ms": 1000 * statistics.median(times[name]),
                "speed": statistics.median(ratios),
                "rounds_ms": [round(1000 * each, 2) for each in times[name]],
            }
    for name, contestant in contestants.items():
        result[name]["peak_mib"] = contestant.finish()
    return result


def table(results):
    """The figures as a Markdown table."""
    rows = [
        "| HR patch | | " + " | ".join(STAGES) + " | peak MiB |",
        "| --- | --- | " + " | ".join("---" for _ in STAGES) + " | --- |",
    ]
    for patch, result in results.items():
        for name, row in result.items():
            cells = [
                f"{row['stages'][s]['speed']:.2f} ({row['stages'][s]['ms']:.0f} ms)" for s in STAGES
            ]
            rows.append(f"| {patch} | {name} | {' | '.join(cells)} | {row['peak_mib']:.0f} |")
    return "\n".join(rows)


def main(settings):
    check = Contestant("check", 16, 2, settings.scale, settings.cores)
    difference = check.answer()
    print(f"Losses of both from the same weights: largest relative difference {difference:.1e}")
    if difference > 1e-5:
        sys.exit("The two do not compute the same: there is nothing to compare.")
    results = {patch: compete(settings, patch) for patch in settings.patches}
    print("\nSteps per second divided by those of plain PyTorch (median ms per step):\n")
    print(table(results))
    report = {
        "machine": {"processor": platform.machine(), "cores": os.cpu_count()},
        "settings": {
            "batch": settings.batch_size,
            "scale": settings.scale,
            "rounds": settings.rounds,
            "cores": settings.cores,
        },
        "loss_difference": difference,
        "patches": results,
    }
    settings.out.parent.mkdir(parents=True, exist_ok=True)
    settings.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main(tyro.cli(Settings))
