"""Writes TIFF as a stream, in 8 or 16 bit (Pillow writes no 16-bit colour)."""

import struct
import zlib

import numpy as np

from keras_pisr.inference.formats.row_bands import DEFLATE_LEVEL, Regrouped

_ROWS = 64
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED = 1, 2, 3, 4, 5, 7
_CODES = {_SHORT: "H", _LONG: "I", _RATIONAL: "I"}
_LARGEST = 2**32 - 2**20


class TiffWriter:
    """Writes a TIFF strip by strip, deflated, little-endian.

    Args:
        file: Binary file, seekable.
        shape: `(height, width, channels)`: gray, gray and alpha, RGB, RGBA.
        dtype: uint8 or uint16.
        icc: Colour profile or None.
        xmp: XMP packet or None.
        dpi: Pixels per inch across and down, or None.
        iptc: IPTC records or None.
        texts: Texts by the number of their tag: maker, software, copyright.

    Reference:
        Adobe, "TIFF Revision 6.0", 1992; compression 8 is from "TIFF Technical Notes", 2002.
    """

    PLACES = ("icc", "xmp", "dpi", "iptc", "texts")

    def __init__(self, file, shape, dtype, *, icc=None, xmp=None, dpi=None, iptc=None, texts=None):
        self.file, self.shape = file, shape
        self.more = [
            (tag, _ASCII, [*text.encode("utf-8", "replace"), 0])
            for tag, text in (texts or {}).items()
        ]
        if dpi:
            numbers = [[round(value * 10_000), 10_000] for value in dpi]
            self.more += [(282, _RATIONAL, numbers[0]), (283, _RATIONAL, numbers[1])]
            self.more.append((296, _SHORT, [2]))  # Per inch.
        for tag, kind, data in (
            (700, _BYTE, xmp),
            (33723, _UNDEFINED, iptc),
            (34675, _UNDEFINED, icc),
        ):
            if data:
                self.more.append((tag, kind, list(data)))
        self.bits = 8 * np.dtype(dtype).itemsize
        self.offsets, self.sizes = [], []
        self.rows = Regrouped(_ROWS, self._write_strip)
        # The directory comes last; its address is filled in then.
        file.write(b"II*\0\0\0\0\0")

    def write(self, band):
        """Add rows `(rows, width, channels)`."""
        self.rows.write(band)

    def close(self):
        """Write the remaining rows and the directory; the file itself stays open."""
        self.rows.close()
        height, width, channels = self.shape
        tags = [
            (256, _LONG, [width]),
            (257, _LONG, [height]),
            (258, _SHORT, [self.bits] * channels),
            (259, _SHORT, [8]),  # Deflate.
            (262, _SHORT, [1 if channels < 3 else 2]),  # Black is zero, or RGB.
            (273, _LONG, self.offsets),
            (277, _SHORT, [channels]),
            (278, _LONG, [_ROWS]),
            (279, _LONG, self.sizes),
            (284, _SHORT, [1]),  # Channels side by side.
            (317, _SHORT, [2]),  # Differences from the left neighbour.
        ]
        if channels in (2, 4):
            tags.append((338, _SHORT, [2]))  # Alpha, not premultiplied.
        tags = sorted([*tags, *self.more])
        entries = b"".join(self._entry(*tag) for tag in tags)
        start = self._align()
        self.file.write(struct.pack("<H", len(tags)) + entries + bytes(4))
        self.file.seek(4)
        self.file.write(struct.pack("<I", start))

    def _entry(self, tag, kind, values):
        data = struct.pack(f"<{len(values)}{_CODES.get(kind, 'B')}", *values)
        if len(data) > 4:
            start = self._align()
            self.file.write(data)
            data = struct.pack("<I", start)
        count = len(values) // 2 if kind == _RATIONAL else len(values)
        return struct.pack("<HHI", tag, kind, count) + data.ljust(4, b"\0")

    def _align(self):
        if self.file.tell() % 2:
            self.file.write(b"\0")
        return self.file.tell()

    def _write_strip(self, band):
        differences = band.copy()
        differences[:, 1:] -= band[:, :-1]
        differences = differences.astype(band.dtype.newbyteorder("<"))
        data = zlib.compress(differences.tobytes(), DEFLATE_LEVEL)
        start = self._align()
        if start + len(data) > _LARGEST:
            raise ValueError("A TIFF holds at most 4 GB. Choose PNG for this image.")
        self.file.write(data)
        self.offsets.append(start)
        self.sizes.append(len(data))
