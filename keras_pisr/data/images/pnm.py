"""Reads PGM and PPM files whose largest value is not 255, of which Pillow would keep 8 bits."""

import io
import re

import numpy as np

_CHANNELS = {b"P2": 1, b"P5": 1, b"P3": 3, b"P6": 3}
# Numbers are separated by white space and comments.
_HEADER = re.compile(
    rb"(P[2356])" + 3 * rb"(?:\s|#[^\r\n]*[\r\n])+(\d{1,10})" + rb"(?:#[^\r\n]*[\r\n]|\s)"
)
_HEADER_BYTES = 1 << 16


def read_pnm(image, source):
    """Decode a PGM or PPM file whose largest value is not 255.

    Args:
        image: The file as Pillow opened it.
        source: Path, or the bytes of the file.

    Returns:
        `(height, width, 1 or 3)`, scaled to uint8, or to uint16 if the largest value is above
        255; None if the file is of another kind, which Pillow decodes.

    Raises:
        ValueError: If the file is cut short.

    Reference:
        https://netpbm.sourceforge.net/doc/ppm.html
    """
    with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
        header = _HEADER.match(file.read(_HEADER_BYTES))
        if header is None:
            return None
        magic, (width, height, largest) = header[1], map(int, header.groups()[1:])
        if largest == 255 or (width, height) != image.size or not 0 < largest < 65536:
            return None
        shape = height, width, _CHANNELS[magic]
        file.seek(header.end())
        values = _plain(file, shape) if magic in (b"P2", b"P3") else _raw(file, shape, largest)
    if values.size < np.prod(shape):
        raise ValueError("the file is cut short")
    values = np.minimum(values[: np.prod(shape)], largest).astype(np.uint32).reshape(shape)
    top = 255 if largest < 256 else 65535
    return ((values * top + largest // 2) // largest).astype(np.uint8 if top == 255 else np.uint16)


def _raw(file, shape, largest):
    kind = np.dtype(">u2" if largest > 255 else "u1")
    data = file.read(int(np.prod(shape)) * kind.itemsize)
    return np.frombuffer(data[: len(data) // kind.itemsize * kind.itemsize], kind)


def _plain(file, shape):
    # A number has at most five digits and one white space, so no more bytes are needed.
    text = re.sub(rb"#[^\r\n]*", b" ", file.read(int(np.prod(shape)) * 8 + _HEADER_BYTES))
    try:
        return np.array(text.split(None, int(np.prod(shape)))[: int(np.prod(shape))], np.uint32)
    except (ValueError, OverflowError) as error:
        raise ValueError("it holds something other than numbers") from error
