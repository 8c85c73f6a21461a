"""Images per second of the recognition feed, and of training.

    python benchmarks/data/recognition_pipeline.py

The feed augments at HR, shrinks by the exact bicubic and makes batches; it runs without training.
Training is that of the student of the HORKD recipes alone, on a batch that is ready. The two take
turns, and the best round of each counts.
"""

import json
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tyro

import keras_pisr as kp


@dataclass
class Settings:
    """Settings of the measurement."""

    size: int = 64
    """Side of the HR images in px."""
    factor: int = 4
    """Factor by which the LR images are smaller."""
    batch_size: int = 128
    """Number of images per batch."""
    images: int = 2560
    """Number of random colour images in memory, of 50 classes."""
    rounds: int = 5
    """Number of rounds of each."""
    out: Path = Path("docs/results/speed/recognition_pipeline.json")
    """File for the figures."""


def random_images(settings):
    """Images without content, because neither the feed nor the training depends on it."""
    rng = np.random.default_rng(0)
    shape = (settings.images, settings.size, settings.size, 3)
    labels = np.arange(settings.images) % 50
    names = [str(i) for i in range(50)]
    return kp.data.LabelledImages(rng.integers(0, 256, shape, "uint8"), labels, names)


def new_training(settings):
    """The student of the recipes, in a distiller without guides."""
    student = kp.models.ResNet(
        50, blocks=(1, 1, 1), widths=(16, 32, 64), stem="large", upsampling=settings.factor
    )
    distiller = kp.distillers.HybridOrderDistiller(student=student, distillation_loss_weights={})
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    distiller.compile("adam", loss=loss)
    return distiller


def rate(work, images):
    """Images per second of one call."""
    start = time.perf_counter()
    work()
    return images / (time.perf_counter() - start)


def main(settings):
    side = settings.size // settings.factor
    feed = kp.data.recognition_pairs(
        random_images(settings), lr_size=(side, side), batch_size=settings.batch_size, shift=4
    )
    batch = next(iter(feed))
    distiller = new_training(settings)
    distiller.train_on_batch(*batch)
    steps = len(feed)

    def feeding():
        for _ in feed:
            pass

    def training():
        for _ in range(steps):
            distiller.train_on_batch(*batch)

    feeding()
    works, best = {"feed": feeding, "student": training}, {}
    for _ in range(settings.rounds):
        for name, work in works.items():
            best[name] = max(best.get(name, 0), rate(work, steps * settings.batch_size))
    report = {
        "machine": {"processor": platform.machine(), "cores": os.cpu_count()},
        "load": os.getloadavg()[0],
        "backend": keras.backend.backend(),
        "settings": {k: v for k, v in vars(settings).items() if k != "out"},
        "images_a_second": {name: round(value) for name, value in best.items()},
        "feed_per_student": round(best["feed"] / best["student"], 1),
    }
    settings.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
