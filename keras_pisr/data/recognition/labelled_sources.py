"""Reads labelled images from class folders, tar archives and TensorFlow Datasets."""

import bz2
import gzip
import lzma
import re
import tarfile
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from keras_pisr.data.images.decoder import SUFFIXES
from keras_pisr.data.images.files import read_pixels
from keras_pisr.data.images.resize import resize
from keras_pisr.data.tfds_load import load_tfds

# A photograph has a few megabytes; a larger file is a mistake or an attack.
MAX_FILE_BYTES = 64 * 2**20
MAX_FILES = 5_000_000


def folder_files(folder):
    """Yield `(class, name, bytes)` of a folder of class folders."""
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}.")
    for path in sorted(folder.glob("*/*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            if path.stat().st_size > MAX_FILE_BYTES:
                raise ValueError(
                    f"{path} has {path.stat().st_size} bytes; at most {MAX_FILE_BYTES} are read."
                )
            yield path.parent.name, str(path), path.read_bytes()


@contextmanager
def damage_told(path):
    """Turn errors about an archive that cannot be read into a `ValueError` that names it."""
    try:
        yield
    except GeneratorExit:
        raise
    # The errors of tarfile, gzip, zlib and lzma have no common class.
    except Exception as error:
        raise ValueError(f"{path} cannot be read as a tar archive: {error}.") from error


class BoundedReads:
    """A file that bounds the bytes of one read, because a tar header may name any size."""

    def __init__(self, file):
        self._file = file

    def read(self, size=-1):
        """Read at most this many bytes."""
        if not 0 <= size <= MAX_FILE_BYTES + tarfile.RECORDSIZE:
            raise ValueError(f"a header or file of {size} bytes; at most {MAX_FILE_BYTES} are read")
        return self._file.read(size)

    def __getattr__(self, name):
        return getattr(self._file, name)


@contextmanager
def opened_tar(path):
    """A tar archive, compressed or not, that is read in bounded pieces."""
    with open(path, "rb") as file:
        start = file.read(6)
        file.seek(0)
        openers = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
        plain = (opener(file) for magic, opener in openers.items() if start.startswith(magic))
        with tarfile.open(fileobj=BoundedReads(next(plain, file)), mode="r:") as archive:
            yield archive


def tar_members(path):
    """Yield `(archive, member)` for every file of an archive, of bounded number and size."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no archive {path}.")
    with damage_told(path), opened_tar(path) as archive:
        for count, member in enumerate(archive):
            if count >= MAX_FILES or member.size > MAX_FILE_BYTES:
                raise ValueError(
                    f"{member.name} is file {count} of {member.size} bytes; at most "
                    f"{MAX_FILES} files of {MAX_FILE_BYTES} bytes are read"
                )
            # Links and devices are left out, because they have no content of their own.
            if member.isreg():
                yield archive, member


def tar_files(path, folder):
    """Yield `(class, name, bytes)` of an archive. Nothing is written to disk."""
    for archive, member in tar_members(path):
        parts = PurePosixPath(member.name).parts
        if len(parts) < 2 or folder not in (None, *parts[:-2]):
            continue
        if PurePosixPath(parts[-1]).suffix.lower() in SUFFIXES:
            with damage_told(path):
                content = archive.extractfile(member).read()
            yield parts[-2], f"{path}: {member.name}", content


def natural(name):
    """Sort key under which `s2` comes before `s10`."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def decode(files, size, channels, classes, where):
    """Turn files into arrays.

    Args:
        files: Iterable of `(class, name, bytes)`.
        size: `(height, width)` or None.
        channels: 1 or 3.
        classes: Names in order, or None.
        where: Name of the source in messages.

    Returns:
        `(images, labels, class_names)`, sorted by class and by file name.
    """
    wanted = None if classes is None else set(classes)
    found = {}
    for kind, name, content in files:
        if wanted is None or kind in wanted:
            image = fit(decode_image(content, channels, name), size)
            found.setdefault(kind, []).append((name, image))
    names = sorted(found, key=natural) if classes is None else list(classes)
    empty = [name for name in names if name not in found]
    if empty or not names:
        raise ValueError(
            f"{where} has no image of {', '.join(empty[:10]) or 'any class'}. Expected a folder "
            f"of images for each class; found {', '.join(sorted(found)[:10]) or 'none'}."
        )
    images, labels = [], []
    for label, kind in enumerate(names):
        members = sorted(found[kind], key=lambda member: natural(member[0]))
        images += [image for _, image in members]
        labels += [label] * len(members)
    return stack(images), labels, names


def stack(images):
    """Stack images, which must all have the same size."""
    sizes = {image.shape[:2] for image in images}
    if len(sizes) > 1:
        raise ValueError(
            f"The images have {len(sizes)} sizes, {sorted(sizes)[0]} to {sorted(sizes)[-1]} "
            "(height, width). Choose one for all of them: `size=(64, 64)`."
        )
    return np.stack(images)


def decode_image(content, channels, name):
    """An image file's bytes as uint8 `(height, width, channels)`, upright."""
    return in_channels(read_pixels(content, name), channels)


def in_channels(image, channels):
    """uint8 `(height, width, 1 or 3)` as gray, weighed as Pillow does, or as RGB."""
    if image.shape[2] == channels:
        return image
    if channels == 3:
        return np.repeat(image, 3, axis=2)
    return np.asarray(Image.fromarray(image).convert("L"))[..., None]


def fit(image, size):
    """Crop at the centre to the shape of `size`, then resize to it."""
    if size is None or image.shape[:2] == tuple(size):
        return image
    height, width = image.shape[:2]
    factor = min(height / size[0], width / size[1])
    inner = max(1, round(size[0] * factor)), max(1, round(size[1] * factor))
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    return resize(image[top : top + inner[0], left : left + inner[1]], tuple(size))


def read_tfds(name, split, size, channels, data_dir):
    """`(images, labels, class_names)` of a TensorFlow Datasets set."""
    tfds, (dataset, info) = load_tfds(
        "LabelledImages.from_tfds", name, split=split, data_dir=data_dir, with_info=True
    )
    if not {"image", "label"} <= set(info.features):
        raise ValueError(
            f"Expected {name} to have 'image' and 'label'; it has {sorted(info.features)}. Read "
            "it yourself and pass the arrays to LabelledImages."
        )
    images, labels = [], []
    for example in tfds.as_numpy(dataset):
        images.append(fit(in_channels(example["image"], channels), size))
        labels.append(example["label"])
    if isinstance(info.features["label"], tfds.features.ClassLabel):
        return stack(images), labels, info.features["label"].names
    # In lfw, the label is the person's name.
    names, numbers = np.unique([label.decode() for label in labels], return_inverse=True)
    return stack(images), numbers, names.tolist()
