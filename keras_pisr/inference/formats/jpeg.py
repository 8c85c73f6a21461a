"""Writes JPEG as a stream: Pillow encodes strips, which are joined at restart markers."""

import io
import struct

import numpy as np
from PIL import Image

from keras_pisr.data.images.decoder import to_8_bit
from keras_pisr.inference.formats.row_bands import Regrouped

_QUALITY = 95
# Without subsampled colours, the unit of the format is a block of 8x8 px.
_BLOCK = 8
_DRI, _SOS, _EOI = b"\xff\xdd", 0xDA, b"\xff\xd9"
_SOF0, _COM = 0xC0, 0xFE


class JpegWriter:
    """Writes a baseline JPEG strip by strip, with quality 95 and colours at full resolution.

    At a restart marker the decoder starts anew, as at the start of a file. Strips that are whole
    files with the same tables can therefore be joined: one header with the whole height, then the
    coded data of each strip, with a marker between.

    Args:
        file: Binary file.
        shape: `(height, width, channels)`: gray or RGB.
        dtype: uint8, or uint16, which is rounded to 8 bit.
        icc: Colour profile or None.
        exif: EXIF bytes or None.
        xmp: XMP packet or None.
        dpi: Pixels per inch across and down, or None.
        comment: Text or None.
        iptc: IPTC records or None.

    Raises:
        ValueError: If there is transparency, or a side is longer than the format allows.

    Reference:
        ITU-T T.81 (1992), annex B.
    """

    PLACES = ("icc", "exif", "xmp", "dpi", "comment", "iptc")
    # A segment has at most 65533 bytes, including its heading.
    LONGEST = {"exif": 65_527, "xmp": 65_500, "comment": 65_533, "iptc": 65_490}

    def __init__(
        self,
        file,
        shape,
        dtype,
        *,
        icc=None,
        exif=None,
        xmp=None,
        dpi=None,
        comment=None,
        iptc=None,
    ):
        height, width, channels = shape
        if channels not in (1, 3):
            raise ValueError("JPEG holds no transparency. Choose PNG, WebP or TIFF.")
        if max(height, width) > 65500:
            raise ValueError(
                f"JPEG allows 65500 px per side; the result has {width}x{height}. Choose PNG."
            )
        self.file, self.height, self.strips = file, height, 0
        options = {"icc_profile": icc, "exif": exif, "xmp": xmp, "dpi": dpi, "comment": comment}
        self.options = {key: value for key, value in options.items() if value}
        self.iptc = _segment_of_iptc(iptc) if iptc else b""
        blocks = -(-width // _BLOCK)
        # The interval between markers is a number of blocks, stored in 16 bits.
        rows = max(1, min(16, 65535 // blocks))
        self.interval = rows * blocks
        self.rows = Regrouped(rows * _BLOCK, self._write_strip)

    def write(self, band):
        """Add rows `(rows, width, channels)`."""
        self.rows.write(to_8_bit(band))

    def close(self):
        """Write the remaining rows; the file itself stays open."""
        self.rows.close()
        self.file.write(_EOI)

    def _write_strip(self, band):
        encoded = io.BytesIO()
        image = Image.fromarray(np.ascontiguousarray(band[..., 0] if band.shape[2] == 1 else band))
        options = {"quality": _QUALITY, "subsampling": 0, "optimize": False, "progressive": False}
        image.save(encoded, "JPEG", **options, **({} if self.strips else self.options))
        segments, scan, data = split(encoded.getvalue())
        # Segments of applications and comments are not compared: only the first strip has them.
        tables = [x for x in segments if x[1] & 0xF0 != 0xE0 and x[1] != _COM]
        if not self.strips:
            self.tables = tables
            header = b"".join(set_height(segment, self.height) for segment in segments)
            restarts = _DRI + struct.pack(">HH", 4, self.interval)
            self.file.write(b"\xff\xd8" + header + self.iptc + restarts + scan)
        else:
            if [set_height(x, 0) for x in tables] != [set_height(x, 0) for x in self.tables]:
                raise ValueError("This build of Pillow codes each JPEG in another way. Choose PNG.")
            self.file.write(bytes([0xFF, 0xD0 + (self.strips - 1) % 8]))
        self.file.write(data)
        self.strips += 1


def _segment_of_iptc(iptc):
    """The segment in which Photoshop, and since then all programs, keep IPTC records."""
    block = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(iptc)) + iptc + bytes(len(iptc) % 2)
    data = b"Photoshop 3.0\0" + block
    return b"\xff\xed" + struct.pack(">H", len(data) + 2) + data


def split(encoded):
    """The parts of a JPEG file: segments before the scan, the scan's header, coded data."""
    position, segments = 2, []
    while True:
        kind, length = encoded[position + 1], struct.unpack_from(">H", encoded, position + 2)[0]
        segment = encoded[position : position + 2 + length]
        position += 2 + length
        if kind == _SOS:
            return segments, segment, encoded[position : -len(_EOI)]
        segments.append(segment)


def set_height(segment, height):
    """A segment, with the given height if it is the segment that holds the height."""
    if segment[1] != _SOF0:
        return segment
    return segment[:5] + struct.pack(">H", height) + segment[7:]
