"""TIFF in a stream, 8 or 16 bit (Pillow writes no 16-bit colour)."""

import struct
import zlib

import numpy as np

from keras_pisr.inference.formats.row_bands import DEFLATE_LEVEL, Regrouped

_ROWS = 64
_SHORT, _LONG, _UNDEFINED = 3, 4, 7
_LARGEST = 2**32 - 2**20


class TiffWriter:
    """Writes a TIFF strip by strip, deflated, little-endian.

    Args:
        file: Binary file, seekable.
        shape: `(height, width, channels)`: gray, gray and alpha, RGB, RGBA.
        dtype: uint8 or uint16.
        icc: Colour profile or None.
        exif: Not written: in TIFF it is a directory of its own.

    Reference:
        Adobe, "TIFF Revision 6.0", 1992; compression 8 is from "TIFF Technical Notes", 2002.
    """

    def __init__(self, file, shape, dtype, *, icc=None, exif=None):
        self.file, self.shape, self.icc = file, shape, icc
        self.bits = 8 * np.dtype(dtype).itemsize
        self.offsets, self.sizes = [], []
        self.rows = Regrouped(_ROWS, self._write_strip)
        # The directory comes last; its place is filled in then.
        file.write(b"II*\0\0\0\0\0")

    def write(self, band):
        """Add rows `(rows, width, channels)`."""
        self.rows.write(band)

    def close(self):
        """Write what is left and the directory; the file itself stays open."""
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
            (317, _SHORT, [2]),  # Differences to the left neighbour.
        ]
        if channels in (2, 4):
            tags.append((338, _SHORT, [2]))  # Alpha, not premultiplied.
        if self.icc:
            tags.append((34675, _UNDEFINED, list(self.icc)))
        entries = b"".join(self._entry(*tag) for tag in tags)
        start = self._align()
        self.file.write(struct.pack("<H", len(tags)) + entries + bytes(4))
        self.file.seek(4)
        self.file.write(struct.pack("<I", start))

    def _entry(self, tag, kind, values):
        code = {_SHORT: "H", _LONG: "I", _UNDEFINED: "B"}[kind]
        data = struct.pack(f"<{len(values)}{code}", *values)
        if len(data) > 4:
            start = self._align()
            self.file.write(data)
            data = struct.pack("<I", start)
        return struct.pack("<HHI", tag, kind, len(values)) + data.ljust(4, b"\0")

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
            raise ValueError("A TIFF ends at 4 GB. Choose PNG for this image.")
        self.file.write(data)
        self.offsets.append(start)
        self.sizes.append(len(data))
