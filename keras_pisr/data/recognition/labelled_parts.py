"""Splits a source of labelled images into a training part and a validation part."""

from pathlib import Path

import numpy as np

from keras_pisr.data.images.resize import resize
from keras_pisr.data.recognition.labelled_images import LabelledImages
from keras_pisr.data.recognition.labelled_sources import tar_members

# This name stands for the letters that the HORKD recipes train on by default.
LETTERS = "letters"
LETTERS_SIZE = (32, 32)
PARTS = ("train", "val")


def has_parts(source):
    """Whether a folder or tar archive is divided into `train/` and `val/`."""
    source = Path(source)
    if source.is_dir():
        return all((source / part).is_dir() for part in PARTS)
    if str(source) == LETTERS:
        return False
    folders = set()
    for _, member in tar_members(source):
        folders.update(Path(member.name).parts[-3:-2])
        if folders.issuperset(PARTS):
            return True
    return False


def labelled_part(source, part, *, size, channels):
    """Images of one part of a source, or of all of it.

    Args:
        source: Folder of class folders, a tar archive of such, or `"letters"`.
        part: `"train"` or `"val"` for a source that `has_parts`; None reads the whole source.
        size: `(height, width)` to which images are cropped and resized, px.
        channels: 1 or 3.

    Returns:
        `LabelledImages`.

    Raises:
        FileNotFoundError: If there is no such source.
        ValueError: If it holds no class folders.
    """
    source = Path(source)
    if source.is_dir():
        return LabelledImages.from_folder(source / (part or "."), size=size, channels=channels)
    if source.exists():
        return LabelledImages.from_tar(source, folder=part, size=size, channels=channels)
    if str(source) != LETTERS:
        raise FileNotFoundError(f"There is no folder or archive {source}.")
    data = LabelledImages.from_glyphs(size=LETTERS_SIZE)
    images = np.repeat(resize(data.images, size), channels, axis=3)
    return LabelledImages(images, data.labels, data.class_names)


def hold_out_share(data, share=0.1):
    """Split off this share of each class, at least one image.

    Returns:
        `(rest, held_out)`, both `LabelledImages`.
    """
    smallest = np.bincount(data.labels, minlength=len(data.class_names)).min()
    return data.hold_out(max(1, int(share * smallest)))
