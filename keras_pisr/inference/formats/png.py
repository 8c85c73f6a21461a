"""Writes PNG as a stream, in 8 or 16 bit (Pillow writes no 16-bit colour)."""

import struct
import zlib

import numpy as np

from keras_pisr.inference.formats.row_bands import DEFLATE_LEVEL, Regrouped

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
# Numbers of the specification's filters among which each row's filter is chosen.
_SUB, _UP, _PAETH = 1, 2, 4


class PngWriter:
    """Writes a PNG row by row.

    Args:
        file: Binary file.
        shape: `(height, width, channels)`: gray, gray and alpha, RGB, RGBA.
        dtype: uint8 or uint16.
        icc: Colour profile or None.
        exif: EXIF bytes or None.
        xmp: XMP packet or None.
        dpi: Pixels per inch across and down, or None.
        text: Texts by keyword.
        colour: Chunks about colours, `((kind, data), ...)`.

    Reference:
        W3C, "Portable Network Graphics (PNG) Specification", https://www.w3.org/TR/png-3/.
    """

    PLACES = ("icc", "exif", "xmp", "dpi", "text", "colour")

    def __init__(
        self, file, shape, dtype, *, icc=None, exif=None, xmp=None, dpi=None, text=None, colour=()
    ):
        height, width, channels = shape
        self.file = file
        self.pixel = channels * np.dtype(dtype).itemsize
        self.above = np.zeros((1, width * self.pixel), np.uint8)
        self.deflate = zlib.compressobj(DEFLATE_LEVEL)
        # A block is small enough for the cache, because filters pass over it several times.
        self.rows = Regrouped(max(1, (1 << 18) // (width * self.pixel)), self._write_block)
        file.write(_SIGNATURE)
        bits = 8 * np.dtype(dtype).itemsize
        self._chunk(
            b"IHDR", struct.pack(">IIBBBBB", width, height, bits, _COLOUR_TYPES[channels], 0, 0, 0)
        )
        for kind, data in colour:
            self._chunk(kind, data)
        if dpi:
            per_metre = [round(value / 0.0254) for value in dpi]
            self._chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1))
        if icc:
            self._chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc))
        if exif:
            self._chunk(b"eXIf", exif.removeprefix(b"Exif\0\0"))
        for keyword, words in (text or {}).items():
            self._chunk(*_text_chunk(keyword, words))
        if xmp:
            self._chunk(b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + xmp)

    def write(self, band):
        """Add rows `(rows, width, channels)`."""
        self.rows.write(band)

    def close(self):
        """Write the remaining rows; the file itself stays open."""
        self.rows.close()
        self._chunk(b"IDAT", self.deflate.flush())
        self._chunk(b"IEND", b"")

    def _chunk(self, kind, data):
        self.file.write(struct.pack(">I", len(data)) + kind + data)
        self.file.write(struct.pack(">I", zlib.crc32(kind + data)))

    def _write_block(self, band):
        lines = band.astype(band.dtype.newbyteorder(">")).reshape(len(band), -1).view(np.uint8)
        data = self.deflate.compress(filtered(lines, self.above, self.pixel).tobytes())
        self.above = lines[-1:].copy()
        if data:
            self._chunk(b"IDAT", data)


def _text_chunk(keyword, words):
    keyword = keyword.encode("latin-1", "replace")[:79]
    try:
        return b"tEXt", keyword + b"\0" + words.encode("latin-1")
    except UnicodeEncodeError:
        return b"iTXt", keyword + bytes(5) + words.encode("utf-8", "replace")


def filtered(lines, above, pixel):
    """Rows of bytes as differences from their neighbours, each with its best filter.

    Args:
        lines: uint8 `(rows, bytes)`.
        above: The row before them, `(1, bytes)`.
        pixel: Bytes of a pixel.

    Returns:
        uint8 `(rows, 1 + bytes)`: number of the filter, then the row.
    """
    up = np.concatenate([above, lines[:-1]])
    left, corner = (np.pad(x, ((0, 0), (pixel, 0)))[:, : lines.shape[1]] for x in (lines, up))
    a, b, c = (x.astype(np.int16) for x in (left, up, corner))
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    nearest = np.where((to_a <= to_b) & (to_a <= to_c), left, np.where(to_b <= to_c, up, corner))
    choices = np.stack([lines - left, lines - up, lines - nearest])
    # The specification's advice: the smallest sum of absolute differences.
    best = np.abs(choices.view(np.int8).astype(np.int16)).sum(axis=2, dtype=np.int64).argmin(axis=0)
    result = np.empty((len(lines), 1 + lines.shape[1]), np.uint8)
    result[:, 0] = np.array([_SUB, _UP, _PAETH], np.uint8)[best]
    result[:, 1:] = choices[best, np.arange(len(lines))]
    return result
