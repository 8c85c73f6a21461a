r"""Counts silent channels of a PlainSR, which are zero in every pixel of all given images.

    python benchmarks/training/silent_channels.py plain_sr_x2_medium student.keras --images photos

A ReLU that is off everywhere gets no gradient and stays off, so its weights take time and have no
effect. The images are read as luma and taken as LR images. The program prints one row per model.
"""

from pathlib import Path

import numpy as np
import tyro

import keras_pisr as kp
from keras_pisr.cli.model_argument import TRAINABLE, super_resolution_model


def silent(model, images):
    """`{block: silent channels}` of a PlainSR."""
    tapped = kp.models.tap(model, model.blocks(), output=False)
    loudest = dict.fromkeys(model.blocks(), 0)
    for image in images:
        luma = kp.data.rgb_to_y(image)[None].astype("float32")
        for name, feature in tapped(luma, training=False).items():
            loudest[name] = np.maximum(loudest[name], np.max(feature, axis=(0, 1, 2)))
    return {name: int((values <= 0).sum()) for name, values in loudest.items()}


def main(models: tyro.conf.Positional[tuple[str, ...]], images: Path, most: int = 10):
    """Count the silent channels.

    Args:
        models: Presets, their folders, or `.keras` files.
        images: Folder of images.
        most: Largest number of images to take, the last ones by name.
    """
    paths = kp.data.list_images(images)[-most:]
    photographs = [kp.data.read_image(path) for path in paths]
    for name in models:
        model, _ = super_resolution_model(name, accept=TRAINABLE)
        counts = silent(model, photographs)
        blocks = ", ".join(f"{block} {count}" for block, count in counts.items())
        print(f"{name}: {sum(counts.values())} of {model.features * len(counts)} ({blocks})")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
