"""Pairs per second of patches cut by NumPy in one thread, clean and degraded.

    python benchmarks/data/degradations.py

Degradations take turns, and the best round of each counts.
"""

import json
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.table import Table

import keras_pisr as kp
from keras_pisr.atomic import atomic_path

DEGRADATIONS = ("bicubic", "noise", "jpeg", "noise+jpeg", "blur", "blur+noise+jpeg")


@dataclass
class Settings:
    """Settings of the measurement."""

    scale: int = 2
    """Upscaling factor."""
    patch: int = 64
    """Side of the high-resolution patch in px."""
    batch_size: int = 32
    """Number of patches per batch."""
    steps: int = 40
    """Number of batches per round."""
    rounds: int = 4
    """Number of rounds for each degradation."""
    out: Path = Path("docs/results/speed/degradations.json")
    """File for the figures."""


def main(settings):
    pairs = kp.data.ImagePairs.from_samples("train", scale=settings.scale)
    best = dict.fromkeys(DEGRADATIONS, 0.0)
    for round_ in range(settings.rounds):
        for name in DEGRADATIONS:
            sampler = pairs.degraded(name).sampler(
                patch=settings.patch, batch_size=settings.batch_size
            )
            start = time.perf_counter()
            for step in range(settings.steps):
                sampler.batch(round_, step)
            count = settings.steps * settings.batch_size
            best[name] = max(best[name], count / (time.perf_counter() - start))
    table = Table("degrade", "pairs/s")
    for name, rate in best.items():
        table.add_row(name, f"{rate:,.0f}")
    Console().print(table)
    report = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "load": [round(load, 1) for load in os.getloadavg()],
        },
        "settings": {
            "scale": settings.scale,
            "patch": settings.patch,
            "batch": settings.batch_size,
            "rounds": settings.rounds,
        },
        "pairs_a_second": {name: round(rate) for name, rate in best.items()},
    }
    with atomic_path(settings.out) as temporary:
        temporary.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main(tyro.cli(Settings))
