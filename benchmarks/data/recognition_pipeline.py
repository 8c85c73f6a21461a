"""Images per second of the recognition feed: as a dataset, and trained on.

    python benchmarks/data/recognition_pipeline.py

The feed augments at HR, shrinks by the exact bicubic and batches, alone; training is the student
of the HORKD recipes by itself on a batch that is ready. They take turns; the best of the rounds
counts for each.
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
    """How many times smaller the LR images are."""
    batch_size: int = 128
    """Images per batch."""
    images: int = 2560
    """Random colour images in memory, 50 classes."""
    rounds: int = 5
    """Rounds of each."""
    out: Path = Path("docs/results/speed/recognition_pipeline.json")
    """Where the figures go."""


def random_images(settings):
    """Images without content: neither feed nor training depends on it."""
    rng = np.random.default_rng(0)
    shape = (settings.images, settings.size, settings.size, 3)
    labels = np.arange(settings.images) % 50
    names = [str(i) for i in range(50)]
    return kp.data.LabelledImages(rng.integers(0, 256, shape, "uint8"), labels, names)


def new_training(settings):
    """The recipes' student, in a distiller without guides."""
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
