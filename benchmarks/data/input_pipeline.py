"""Pairs per second of each feed, and of a plain PyTorch `DataLoader` that does the same work.

    python benchmarks/data/input_pipeline.py --torch

All of them take the same uint8 images in memory, and make aligned random crops, flips and
transposes, the luma of both images, and a batch of float32. They take turns, and the best round of
each counts. Without `--torch` the `DataLoader` is left out, and PyTorch need not be installed.
"""

import json
import os
import platform
import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

import keras_pisr as kp


@dataclass
class Settings:
    """Settings of the measurement."""

    hr_dir: Path | None = None
    """Folder of images; by default the embedded photographs."""
    scale: int = 2
    """Upscaling factor."""
    patch: int = 96
    """Side of the high-resolution patch in px."""
    batch_size: int = 16
    """Number of patches per batch."""
    steps: int = 300
    """Number of batches per round."""
    rounds: int = 3
    """Number of rounds for each feed."""
    torch: bool = False
    """Measure the PyTorch DataLoader too, with 0 and 2 workers."""
    out: Path = Path("docs/results/speed/input_pipeline.json")
    """File for the figures."""


def torch_loader(pairs, settings, workers):
    """A `DataLoader` as it is usually written in PyTorch: one patch per item, default collation."""
    import torch

    images = [pairs.image(i) for i in range(len(pairs))]
    side, scale = settings.patch // settings.scale, settings.scale
    # The luma of the protocol, as a plain product with three weights.
    weights = np.array([65.481, 128.553, 24.966], np.float32) / 255 / 255

    def luma(pixels):
        if pixels.shape[2] == 1:
            return pixels[..., 0].astype(np.float32) / 255
        return pixels.astype(np.float32) @ weights + np.float32(16 / 255)

    class Patches(torch.utils.data.Dataset):
        def __len__(self):
            return settings.steps * settings.batch_size

        def __getitem__(self, index):
            lr, hr = images[index % len(images)]
            y = int(torch.randint(lr.shape[0] - side + 1, ()))
            x = int(torch.randint(lr.shape[1] - side + 1, ()))
            lr = luma(lr[y : y + side, x : x + side])
            y, x, size = y * scale, x * scale, side * scale
            hr = luma(hr[y : y + size, x : x + size])
            turn = int(torch.randint(8, ()))
            pair = []
            for plane in (lr, hr):
                plane = plane[::-1] if turn & 1 else plane
                plane = plane[:, ::-1] if turn & 2 else plane
                plane = plane.T if turn & 4 else plane
                pair.append(torch.from_numpy(np.ascontiguousarray(plane)[None]))
            return tuple(pair)

    return torch.utils.data.DataLoader(
        Patches(), batch_size=settings.batch_size, shuffle=True, num_workers=workers
    )


def feeds(pairs, settings):
    """A dict from name to a call that gives an iterable over one round of batches."""
    options = {
        "patch": settings.patch,
        "batch_size": settings.batch_size,
        "steps_per_epoch": settings.steps,
    }
    sequence = kp.data.PatchSequence(pairs, **options)
    result = {"PatchSequence": lambda: (sequence[i] for i in range(settings.steps))}
    try:
        dataset = kp.data.tf_patches(pairs, **options)
        result["tf_patches"] = lambda: dataset
    except ImportError:
        pass
    if settings.torch:
        for workers in (0, 2):
            loader = torch_loader(pairs, settings, workers)
            result[f"DataLoader, {workers} workers"] = lambda loader=loader: loader
    return result


def pairs_a_second(iterable, settings):
    # The start of worker processes and threads is not counted, because a long run has it only once.
    iterator = iter(iterable)
    for _ in range(10):
        next(iterator)
    start, count = time.perf_counter(), 0
    for _ in iterator:
        count += 1
    return count * settings.batch_size / (time.perf_counter() - start)


def main(settings):
    if settings.hr_dir:
        pairs = kp.data.ImagePairs.from_folder(settings.hr_dir, scale=settings.scale)
    else:
        pairs = kp.data.ImagePairs.from_samples("train", scale=settings.scale)
    calls = feeds(pairs, settings)
    rates = {name: [] for name in calls}
    for _ in range(settings.rounds):
        for name, call in calls.items():
            rates[name].append(pairs_a_second(call(), settings))
    best = {name: max(values) for name, values in rates.items()}
    table = Table("feed", "pairs/s", "batches/s", "of the first")
    for name, rate in best.items():
        ratio = f"{rate / next(iter(best.values())):.2f}"
        table.add_row(name, f"{rate:,.0f}", f"{rate / settings.batch_size:,.0f}", ratio)
    Console().print(table)
    memory = {
        "pairs_mib": round((pairs.lr.nbytes + pairs.hr.nbytes) / 2**20),
        "process_peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10),
    }
    Console().print(memory)
    report = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
        },
        "settings": {
            "scale": settings.scale,
            "patch": settings.patch,
            "batch": settings.batch_size,
        },
        "images": len(pairs),
        "pairs_a_second": {name: round(rate) for name, rate in best.items()},
        "memory": memory,
    }
    settings.out.parent.mkdir(parents=True, exist_ok=True)
    settings.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main(tyro.cli(Settings))
