"""Image files written from top to bottom, so that the result need not fit in memory."""

import numpy as np
from PIL import ExifTags, Image

from keras_pisr.inference.formats.jpeg import JpegWriter
from keras_pisr.inference.formats.png import PngWriter
from keras_pisr.inference.formats.row_bands import to_8bit
from keras_pisr.inference.formats.tiff import TiffWriter

WRITERS = {
    ".png": PngWriter,
    ".jpg": JpegWriter,
    ".jpeg": JpegWriter,
    ".tif": TiffWriter,
    ".tiff": TiffWriter,
}
# What a result may be called; other images are written as PNG.
SUFFIXES = (*WRITERS, ".webp")


def open_writer(file, suffix, picture, size):
    """A writer with `write(band)` and `close()` for an enlarged picture.

    Args:
        file: Binary file, seekable.
        suffix: One of `SUFFIXES`.
        picture: The `Picture` before; says channels, depth, profile and EXIF.
        size: `(height, width)` of the result.

    Raises:
        ValueError: If the format cannot hold such an image.
    """
    channels = picture.pixels.shape[2]
    exif = _enlarged_exif(picture.exif, size)
    writer = WRITERS.get(suffix, WebpWriter)
    return writer(file, (*size, channels), picture.pixels.dtype, icc=picture.icc, exif=exif)


def _enlarged_exif(exif, size):
    if exif is None:
        return None
    tags = exif.get_ifd(ExifTags.IFD.Exif)
    for tag, side in zip(
        (ExifTags.Base.ExifImageHeight, ExifTags.Base.ExifImageWidth), size, strict=True
    ):
        if tag in tags:
            tags[tag] = side
    return exif.tobytes()


class WebpWriter:
    """WebP, the one format here that is held whole: its encoder wants it so.

    Args:
        file: Binary file.
        shape: `(height, width, channels)`.
        dtype: uint8, or uint16, which is rounded to 8 bit.
        icc: Colour profile or None.
        exif: EXIF bytes or None.

    Raises:
        ValueError: If a side is longer than the format allows.
    """

    def __init__(self, file, shape, dtype, *, icc=None, exif=None):
        if max(shape[:2]) > 16383:
            raise ValueError(
                f"WebP ends at 16383 px a side; the result has {shape[1]}x{shape[0]}. Choose PNG, "
                "TIFF or JPEG."
            )
        self.file, self.options = file, {"icc_profile": icc, "exif": exif}
        self.pixels, self.row = np.empty(shape, np.uint8), 0

    def write(self, band):
        """Add rows."""
        self.pixels[self.row : self.row + len(band)] = to_8bit(band)
        self.row += len(band)

    def close(self):
        """Write the file."""
        pixels = self.pixels[..., 0] if self.pixels.shape[2] == 1 else self.pixels
        options = {key: value for key, value in self.options.items() if value}
        Image.fromarray(pixels).save(self.file, "WEBP", quality=95, **options)
