"""Speed of the bicubic resize compared with Pillow and scikit-image, in one run.

    python benchmarks/data/resize.py

Every tool shrinks the same uint8 RGB image with an antialiased bicubic. (For scikit-image this is
order 3 after its Gaussian, which is the nearest method.) Only ours reproduces published
low-resolution files.
"""

import json
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from PIL import Image
from rich.console import Console
from rich.table import Table

import keras_pisr as kp


@dataclass
class Settings:
    """Settings of the measurement."""

    image: Path | None = None
    """Image file; by default a sample photograph, tiled to 2040x1356 px, DIV2K's size."""
    scales: tuple[int, ...] = (2, 3, 4)
    """Factors by which the image is shrunk."""
    batch: int = 64
    """Number of images of 64x64 px in the small batch."""
    repeats: int = 15
    """Number of timed calls of each tool; the median counts."""
    out: Path = Path("docs/results/speed/resize.json")
    """File for the figures."""


def median_ms(function, repeats):
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(1e3 * (time.perf_counter() - start))
    return float(np.median(times))


def contenders(image, size):
    """A dict from name to a call that shrinks one image, or a batch of images, to `size`."""
    import tensorflow as tf
    from skimage.transform import resize as skimage_resize

    batch = image[None] if image.ndim == 3 else image
    pictures = [Image.fromarray(x) for x in batch]
    tensor = tf.constant(image)
    graph = tf.function(lambda x: kp.data.resize_tf(x, size))
    return {
        "Pillow": lambda: [p.resize(size[::-1], Image.Resampling.BICUBIC) for p in pictures],
        "keras_pisr": lambda: kp.data.resize(image, size),
        "keras_pisr tf": lambda: graph(tensor).numpy(),
        "scikit-image": lambda: [
            skimage_resize(x, size, order=3, anti_aliasing=True, preserve_range=True) for x in batch
        ],
    }


def main(settings):
    if settings.image:
        image = kp.data.read_image(settings.image)
    else:
        image = np.tile(kp.data.sample_images("test")["coffee"], (4, 4, 1))[:1356, :2040]
    small = np.random.default_rng(0).integers(0, 256, (settings.batch, 64, 64, 3), dtype=np.uint8)
    cases = [
        (f"{image.shape[1]}x{image.shape[0]} / {scale}", image, scale) for scale in settings.scales
    ]
    cases.append((f"{settings.batch} x 64x64 / 2", small, 2))
    rows = {}
    for name, pixels, scale in cases:
        height, width = (side // scale for side in pixels.shape[-3:-1])
        pixels = np.ascontiguousarray(pixels[..., : height * scale, : width * scale, :])
        calls = contenders(pixels, (height, width))
        rows[name] = {
            tool: median_ms(call, 3 if tool == "scikit-image" else settings.repeats)
            for tool, call in calls.items()
        }
    table = Table("ms, median", *next(iter(rows.values())), title="(times Pillow's)")
    for name, row in rows.items():
        cells = (f"{ms:.2f} ({ms / row['Pillow']:.2f})" for ms in row.values())
        table.add_row(name, *cells)
    Console().print(table)
    machine = {"processor": platform.machine(), "cores": os.cpu_count()}
    settings.out.parent.mkdir(parents=True, exist_ok=True)
    settings.out.write_text(json.dumps({"machine": machine, "median_ms": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main(tyro.cli(Settings))
