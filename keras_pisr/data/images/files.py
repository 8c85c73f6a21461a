"""Image files to 8-bit arrays and back, and the image files of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from keras_pisr.atomic import atomic_path
from keras_pisr.data.images.decoder import MAX_PIXELS, SUFFIXES, decode, opened, to_8_bit
from keras_pisr.data.images.plain_pixels import has_gray_palette

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence


def read_image(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read an image file as 8-bit gray or RGB, upright.

    `keras_pisr/data/images/decoder.py` lists the kinds of files that are read and refused. Here:

    - Gray images (also bilevel, gray palettes and gray with alpha) give one channel, all others
      three.
    - Alpha is dropped, not blended: the colours stored under it are returned.
    - 16 bit is rounded to 8.
    - The first of several frames or pages is read.
    - Colour profiles are applied to CMYK only.

    Args:
        path: Image file.
        max_pixels: Refuse larger images before decoding them: a small file can expand to
            gigabytes.

    Returns:
        uint8 `(height, width, 1 or 3)`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file has none of these formats (whatever its suffix is), is damaged or
            too large, or has pixels of a kind that is not read.

    Example:
        >>> read_image("photo.jpg").shape  # doctest: +SKIP
        (1356, 2040, 3)
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no image file {path}.")
    return read_pixels(path, str(path), max_pixels=max_pixels)


def read_pixels(source, name, *, max_pixels=MAX_PIXELS):
    """`read_image` of a path or of the bytes of a file, called `name` in errors."""
    advice = " Remove it or save it again, for example as PNG."
    with opened(source, name, max_pixels=max_pixels, first_of_many=True, advice=advice) as image:
        pixels, _ = decode(image, source)
        gray = has_gray_palette(image)
        colours = 1 if gray else pixels.shape[2] - (pixels.shape[2] % 2 == 0)
        return np.ascontiguousarray(to_8_bit(pixels[..., :colours]))


def write_image(path: str | os.PathLike[str], image: np.ndarray) -> None:
    """Write an image whole or not at all, in the format its suffix names.

    JPEG and WebP are written with quality 95.

    Args:
        path: Destination; missing parent folders are made, an existing file is replaced.
        image: uint8 `(height, width)` or `(height, width, 1, 3 or 4)`.

    Raises:
        ValueError: if the array is not such an image, or the suffix names no known format.
    """
    path, image = Path(path), np.asarray(image)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    known = image.ndim >= 2 and image.shape[2:] in ((), (3,), (4,))
    if image.dtype != np.uint8 or not known:
        raise ValueError(
            "Expected a uint8 image (height, width) or (height, width, 1, 3 or 4); got "
            f"{image.dtype} {image.shape}. Floats in [0, 1]: `(255 * x + 0.5).clip(0, 255)` first."
        )
    form = Image.registered_extensions().get(path.suffix.lower())
    if form not in Image.SAVE:
        raise ValueError(f"Cannot tell a format from {path.name!r}; use one of {SUFFIXES}.")
    options = {"quality": 95} if form in ("JPEG", "WEBP") else {}
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        Image.fromarray(image).save(file, format=form, **options)


def list_images(folder: str | os.PathLike[str], *, others: Sequence[str] = ()) -> list[Path]:
    """Image files of a folder, sorted by name; hidden files and subfolders are left out.

    Args:
        folder: Path of the folder.
        others: Further suffixes to take, such as `.mp4`.

    Returns:
        Non-empty list of `Path`.

    Raises:
        FileNotFoundError: if the folder does not exist.
        ValueError: if it is no folder or holds no image file.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"There is no folder {folder}.")
    if not folder.is_dir():
        raise ValueError(f"Expected a folder of images; {folder} is a file.")
    paths = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in (*SUFFIXES, *others)
        and not path.name.startswith(".")
        and path.is_file()
    )
    if not paths:
        raise ValueError(
            f"{folder} holds no image file ({', '.join(SUFFIXES)}). "
            "Subfolders are not searched: name the folder that holds the images."
        )
    return paths
