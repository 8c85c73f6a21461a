"""An image file with all data that are kept when it is enlarged."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_pisr.data.images.decoder import MAX_PIXELS, decode, opened
from keras_pisr.inference.formats.metadata import Metadata, read_metadata

if TYPE_CHECKING:
    import os

    from PIL import Image


@dataclasses.dataclass(frozen=True)
class Picture:
    """The pixels of an image, its metadata and notes.

    Attributes:
        pixels: uint8 or uint16 `(height, width, channels)`: gray, gray and alpha, RGB, RGBA;
            upright.
        metadata: `Metadata`.
        notes: Sentences about the parts of the file that are left out.
    """

    pixels: np.ndarray
    metadata: Metadata = dataclasses.field(default_factory=Metadata)
    notes: tuple = ()

    @property
    def icc(self) -> bytes | None:
        """Colour profile, or None."""
        return self.metadata.icc

    @property
    def exif(self) -> Image.Exif | None:
        """EXIF data without orientation, or None."""
        return self.metadata.exif

    def without_opaque_alpha(self) -> Picture:
        """The picture without its alpha channel, if every pixel is opaque."""
        alpha = self.pixels[..., -1]
        if self.pixels.shape[2] % 2 or alpha.min() < np.iinfo(alpha.dtype).max:
            return self
        return dataclasses.replace(self, pixels=self.pixels[..., :-1])


def picture_size(path):
    """Number of pixels of an image file, from its header; 0 if it cannot be read."""
    try:
        with opened(Path(path), path, max_pixels=float("inf"), first_of_many=True) as image:
            return image.width * image.height
    except (ValueError, OSError, MemoryError):
        return 0


def read_picture(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Read an image file with 8 or 16 bits per channel, transparency and metadata.

    `keras_pisr/data/images/decoder.py` lists the kinds of files that are read and refused.

    Args:
        path: Image file.
        max_pixels: Refuse larger images before decoding them: a small file can expand to
            gigabytes.

    Returns:
        `Picture`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not such an image, is damaged or too large, or has several pages
            or frames.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no image file {path}.")
    with opened(path, path, max_pixels=max_pixels) as image:
        pixels, notes = decode(image, path)
        metadata = read_metadata(image, path, notes)
        return Picture(pixels, metadata, tuple(notes))
