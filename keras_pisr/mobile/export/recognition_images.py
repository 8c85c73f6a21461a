"""Labelled images as in the training of a recognition student, for calibration and scores."""

from pathlib import Path

import numpy as np

from keras_pisr.data.images.resize import check_scale, resize
from keras_pisr.data.recognition.labelled_images import LabelledImages
from keras_pisr.data.recognition.labelled_parts import (
    LETTERS,
    has_parts,
    hold_out_share,
    labelled_part,
)

# This number is enough for the ranges of int8; a whole training set would only take longer.
MOST_CALIBRATION = 300


def recognition_images(source, part, *, size, channels, lr_factor=1, train_classes=None):
    """Images of low resolution, made as the HORKD recipes make them.

    Each image is cropped at the centre, resized to `lr_factor` times `size`, and then shrunk to
    `size` by the same bicubic kernel, in 8 bit. Images that already have this size do not change
    with a factor of 1.

    Args:
        source: Folder of class folders, a tar archive of such, or `"letters"`: glyphs, of which
            the recipes hold out three per class.
        part: `"train"` or `"val"`: the part to read, if the source is divided into these.
        size: `(height, width)` of the result, px.
        channels: 1 or 3.
        lr_factor: Factor by which the HR images were larger.
        train_classes: Number of classes, the first ones, on which the student was trained.
            `"train"` takes only these classes, `"val"` only the others.

    Returns:
        `LabelledImages`.

    Raises:
        FileNotFoundError: If there is no such source.
        ValueError: If it holds no class folders, or there are fewer classes.
    """
    hr_size = tuple(check_scale(lr_factor) * side for side in size)
    divided = has_parts(source) if Path(source).exists() else False
    data = labelled_part(source, part if divided else None, size=hr_size, channels=channels)
    if str(source) == LETTERS and train_classes is None:
        data = hold_out_share(data)[0 if part == "train" else 1]
    if train_classes is not None:
        total = len(data.class_names)
        if not 0 < train_classes < total:
            raise ValueError(
                f"{source} has {total} classes, so the first {train_classes} cannot be for "
                "training and the others for the test."
            )
        sets = data.split_classes(train_classes, total - train_classes)
        data = sets[0 if part == "train" else 1]
    return LabelledImages(resize(data.images, size), data.labels, data.class_names)


def calibration_images(data, most=MOST_CALIBRATION):
    """Some images of every part of a set, float32 in `[0, 1]`.

    Args:
        data: `LabelledImages` in the order of classes.
        most: Largest number of images.
    """
    chosen = np.unique(np.linspace(0, len(data) - 1, min(most, len(data))).round().astype(int))
    return data.images[chosen] / np.float32(255)
