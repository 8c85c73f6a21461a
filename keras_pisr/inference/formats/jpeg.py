"""JPEG in a stream: Pillow encodes strips, which are joined at restart markers."""

import io
import struct

import numpy as np
from PIL import Image

from keras_pisr.data.images.decoder import to_8_bit
from keras_pisr.inference.formats.row_bands import Regrouped

_QUALITY = 95
# Without subsampling of colour, the unit of the format is a block of 8x8 px.
_BLOCK = 8
_DRI, _SOS, _EOI = b"\xff\xdd", 0xDA, b"\xff\xd9"
_SOF0, _COM = 0xC0, 0xFE


class JpegWriter:
    """Writes a baseline JPEG strip by strip, quality 95, colour at full resolution.

    A restart marker makes the decoder forget what came before, as if a file began there. So
    strips that are whole files of the same tables can be joined: one header, with the whole
    height, then the coded data of each with a marker between.

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
    # A segment has 65533 bytes, its own heading among them.
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
                f"JPEG ends at 65500 px per side; the result has {width}x{height}. Choose PNG."
            )
        self.file, self.height, self.strips = file, height, 0
        options = {"icc_profile": icc, "exif": exif, "xmp": xmp, "dpi": dpi, "comment": comment}
        self.options = {key: value for key, value in options.items() if value}
        self.iptc = _segment_of_iptc(iptc) if iptc else b""
        blocks = -(-width // _BLOCK)
        # The interval between markers is counted in blocks, in 16 bits.
        rows = max(1, min(16, 65535 // blocks))
        self.interval = rows * blocks
        self.rows = Regrouped(rows * _BLOCK, self._write_strip)

    def write(self, band):
        """Add rows `(rows, width, channels)`."""
        self.rows.write(to_8_bit(band))

    def close(self):
        """Write what is left; the file itself stays open."""
        self.rows.close()
        self.file.write(_EOI)

    def _write_strip(self, band):
        encoded = io.BytesIO()
        image = Image.fromarray(np.ascontiguousarray(band[..., 0] if band.shape[2] == 1 else band))
        options = {"quality": _QUALITY, "subsampling": 0, "optimize": False, "progressive": False}
        image.save(encoded, "JPEG", **options, **({} if self.strips else self.options))
        segments, scan, data = split(encoded.getvalue())
        # Without those of applications, and comments, which the first strip alone has.
        tables = [x for x in segments if x[1] & 0xF0 != 0xE0 and x[1] != _COM]
        if not self.strips:
            self.tables = tables
            header = b"".join(set_height(segment, self.height) for segment in segments)
            restarts = _DRI + struct.pack(">HH", 4, self.interval)
            self.file.write(b"\xff\xd8" + header + self.iptc + restarts + scan)
        else:
            if [set_height(x, 0) for x in tables] != [set_height(x, 0) for x in self.tables]:
                raise ValueError("This build of Pillow codes each JPEG its own way. Choose PNG.")
            self.file.write(bytes([0xFF, 0xD0 + (self.strips - 1) % 8]))
        self.file.write(data)
        self.strips += 1


def _segment_of_iptc(iptc):
    """The segment in which Photoshop, and everybody after it, keeps IPTC records."""
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
    """A segment with another height of the image, if it is the one that says it."""
    if segment[1] != _SOF0:
        return segment
    return segment[:5] + struct.pack(">H", height) + segment[7:]
