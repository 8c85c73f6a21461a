"""Speed and memory of streamed files, compared with a set in memory and a PyTorch `DataLoader`.

    python benchmarks/data/streaming.py

The program makes its files in a temporary folder: many small ones, and a few as large as
photographs. Each feed runs in a separate process; feeds take turns, and the best round of each
counts. Each feed decodes a file, cuts 16 patches from it, makes their low-resolution images and
turns both. The `DataLoader` shrinks the patch with Pillow, which is not exact at its border. The
clock starts after one block of streamed files. Afterwards, one pass over all small files measures
the memory.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from PIL import Image
from rich.console import Console
from rich.table import Table

from keras_pisr.atomic import atomic_path

WORKER = Path(__file__).with_name("streaming_worker.py")
sys.path.insert(0, str(WORKER.parent))
from streaming_worker import FEEDS, PATCHES_PER_IMAGE  # noqa: E402

MIXED_IMAGES = 64  # The default of `StreamedPairs`.
PEERS = [name for name in FEEDS if name.startswith("DataLoader")]
FOR_MEMORY = ["streamed, NumPy", "streamed, tf_patches", "in memory, NumPy"]


@dataclass
class Settings:
    """Settings of the measurement."""

    files: int = 10_000
    """Number of small files, of 160x160 px."""
    large_files: int = 24
    """Number of large files, of 2040x1356 px."""
    patch: int = 96
    """Side of the high-resolution patch in px."""
    batch_size: int = 16
    """Number of patches per batch."""
    blocks: int = 4
    """Number of blocks of streamed files per round of small files; rounds of large ones take 2."""
    rounds: int = 2
    """Number of rounds for each feed."""
    torch: bool = True
    """Measure the PyTorch DataLoader, too."""
    out: Path = Path("docs/results/streaming.json")
    """File for the figures."""


def write_files(folder, count, size):
    """Smooth colours with some grain, as PNG."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    grain = rng.integers(-2, 3, (*size[::-1], 1), "int16")
    for i in range(count):
        small = Image.fromarray(rng.integers(0, 256, (size[1] // 8, size[0] // 8, 3), "uint8"))
        pixels = np.asarray(small.resize(size, Image.Resampling.BICUBIC), np.int16)
        pixels = np.clip(pixels + grain, 0, 255).astype("uint8")
        Image.fromarray(pixels).save(folder / f"{i:05d}.png", compress_level=1)


def measure(feed, folder, settings, warm_up, batches):
    numbers = map(str, (settings.patch, settings.batch_size, warm_up, batches))
    command = [sys.executable, str(WORKER), feed, str(folder), *numbers]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{feed}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def rates(folder, settings, blocks):
    """The best rate of each feed over all rounds, and the seconds to its first batch."""
    count = sum(1 for _ in folder.iterdir())
    block = min(count, MIXED_IMAGES) * PATCHES_PER_IMAGE // settings.batch_size
    feeds = [name for name in FEEDS if settings.torch or name not in PEERS]
    found = {name: [] for name in feeds}
    for _ in range(settings.rounds):
        for name in feeds:
            found[name].append(measure(name, folder, settings, block, block * blocks))
    return {
        name: {
            "pairs_a_second": round(max(each["pairs_a_second"] for each in results)),
            "first_batch_s": round(min(each["first_batch_s"] for each in results), 2),
        }
        for name, results in found.items()
    }


def main(settings):
    console = Console()
    with tempfile.TemporaryDirectory() as place:
        small, large = Path(place) / "small", Path(place) / "large"
        write_files(small, settings.files, (160, 160))
        write_files(large, settings.large_files, (2040, 1356))
        results = {
            "160x160": rates(small, settings, settings.blocks),
            "2040x1356": rates(large, settings, 2),
        }
        one_pass = settings.files * PATCHES_PER_IMAGE // settings.batch_size
        memory = {
            name: round(measure(name, small, settings, 1, one_pass)["peak_mib"])
            for name in FOR_MEMORY
        }
    for size, rows in results.items():
        table = Table(f"feed, files of {size}", "pairs/s", "first batch, s")
        for name, row in rows.items():
            table.add_row(name, f"{row['pairs_a_second']:,}", f"{row['first_batch_s']:.2f}")
        console.print(table)
    console.print(f"Peak memory of a pass over {settings.files} files, MiB:", memory)
    report = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "load": [round(load, 1) for load in os.getloadavg()],
        },
        "settings": {
            "scale": 2,
            "patch": settings.patch,
            "batch": settings.batch_size,
            "files": settings.files,
            "large_files": settings.large_files,
            "patches_per_image": PATCHES_PER_IMAGE,
            "mixed_images": MIXED_IMAGES,
            "rounds": settings.rounds,
        },
        "files": results,
        "peak_mib_of_a_pass": memory,
    }
    with atomic_path(settings.out) as temporary:
        temporary.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main(tyro.cli(Settings))
