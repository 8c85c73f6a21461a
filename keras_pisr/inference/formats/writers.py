"""Image files written from top to bottom, so that the result need not fit in memory."""

import numpy as np
from PIL import Image

from keras_pisr.data.images.decoder import to_8_bit
from keras_pisr.inference.formats.jpeg import JpegWriter
from keras_pisr.inference.formats.metadata import (
    TEXT_TAGS,
    beyond_srgb,
    enlarged_exif,
    enlarged_xmp,
)
from keras_pisr.inference.formats.png import PngWriter
from keras_pisr.inference.formats.tiff import TiffWriter

WRITERS = {
    ".png": PngWriter,
    ".jpg": JpegWriter,
    ".jpeg": JpegWriter,
    ".jfif": JpegWriter,
    ".jpe": JpegWriter,
    ".tif": TiffWriter,
    ".tiff": TiffWriter,
}
WITHOUT_ALPHA = tuple(suffix for suffix, writer in WRITERS.items() if writer is JpegWriter)
# Suffixes that a result may have; other images are written as PNG.
SUFFIXES = (*WRITERS, ".webp")
_CALLED = {
    **{"icc": "the colour profile", "exif": "EXIF data", "xmp": "XMP", "iptc": "IPTC"},
    **{"dpi": "dpi", "comment": "the comment"},
}


def open_writer(file, suffix, picture, size, notes):
    """A writer with `write(band)` and `close()` for an enlarged picture.

    Args:
        file: Binary file, seekable.
        suffix: One of `SUFFIXES`.
        picture: The original `Picture`, which gives channels, depth and metadata.
        size: `(height, width)` of the result.
        notes: List that gets a sentence that names the data for which the format has no place.

    Raises:
        ValueError: If the format cannot hold such an image.
    """
    writer = WRITERS.get(suffix, WebpWriter)
    shape = (*size, picture.pixels.shape[2])
    carried = _carried(picture.metadata, writer, size, notes)
    return writer(file, shape, picture.pixels.dtype, **carried)


def _carried(metadata, writer, size, notes):
    """Metadata for a writer, by the names of its arguments; the rest goes to the notes."""
    have, lost = {"icc": metadata.icc, "dpi": metadata.dpi, "iptc": metadata.iptc}, []
    if metadata.xmp:
        have["xmp"] = enlarged_xmp(metadata.xmp, size)
    if metadata.exif is not None and "exif" in writer.PLACES:
        try:
            have["exif"] = enlarged_exif(metadata.exif, size)
        # Tags of the wrong type can make Pillow raise almost any error.
        except Exception as error:  # noqa: BLE001
            notes.append(f"EXIF data is damaged, and is left out ({type(error).__name__}: {error})")
    elif metadata.exif is not None:
        texts = {tag: metadata.exif.get(tag) for tag in TEXT_TAGS}
        have["texts"] = {tag: text for tag, text in texts.items() if isinstance(text, str)}
        if set(metadata.exif) - set(TEXT_TAGS):
            lost.append("EXIF data of the camera")
    text = dict(metadata.text)
    if "text" in writer.PLACES:
        have["text"] = text
    else:
        have["comment"] = text.pop("Comment", "").encode() or None
        lost += [f"text ({', '.join(list(text)[:5])})"] if text else []
    if "colour" in writer.PLACES:
        have["colour"] = metadata.colour
    elif beyond_srgb(metadata.colour):
        lost.append(f"colours ({', '.join(beyond_srgb(metadata.colour))})")
    longest = getattr(writer, "LONGEST", {})
    carried = {}
    for name, value in have.items():
        if value and name in writer.PLACES and len(value) <= longest.get(name, 2**31):
            carried[name] = value
        elif value:
            lost.append(_CALLED.get(name, name))
    if lost:
        notes.append(f"the result has no place for {', '.join(lost)}")
    return carried


class WebpWriter:
    """Writes WebP, which is held in memory whole, because its encoder needs the whole image.

    Args:
        file: Binary file.
        shape: `(height, width, channels)`.
        dtype: uint8, or uint16, which is rounded to 8 bit.
        icc: Colour profile or None.
        exif: EXIF bytes or None.
        xmp: XMP packet or None.

    Raises:
        ValueError: If a side is longer than the format allows.
    """

    PLACES = ("icc", "exif", "xmp")

    def __init__(self, file, shape, dtype, *, icc=None, exif=None, xmp=None):
        if max(shape[:2]) > 16383:
            raise ValueError(
                f"WebP allows 16383 px per side; the result has {shape[1]}x{shape[0]}. Choose "
                "PNG, TIFF or JPEG."
            )
        self.file, self.options = file, {"icc_profile": icc, "exif": exif, "xmp": xmp}
        self.pixels, self.row = np.empty(shape, np.uint8), 0

    def write(self, band):
        """Add rows."""
        self.pixels[self.row : self.row + len(band)] = to_8_bit(band)
        self.row += len(band)

    def close(self):
        """Write the file."""
        pixels = self.pixels[..., 0] if self.pixels.shape[2] == 1 else self.pixels
        options = {key: value for key, value in self.options.items() if value}
        Image.fromarray(pixels).save(self.file, "WEBP", quality=95, **options)
