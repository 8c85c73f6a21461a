"""Checks that a video file is as long as it says; FFmpeg reads a cut file without an error."""

import os
import struct

_EBML, _SEGMENT, _UNKNOWN = b"\x1a\x45\xdf\xa3", 0x18538067, -1
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_FLV_SIZE = b"\0\x08filesize\0"
# Boxes that hold the parts of a film; anything may follow them.
_BOXES = (b"ftyp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"uuid", b"mfra", b"sidx")
_HEAD = 1 << 16
# Some programs that write AVI count the heading twice.
_SLACK = 8


def check_whole(path):
    """Raise a `ValueError` if a file ends before the end that its headers state.

    Args:
        path: Video file.

    Returns:
        Whether the file is whole according to its headers; False if they do not say, as in MPEG and
        in files that were streamed.

    Raises:
        ValueError: If it is cut short.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        head = file.read(_HEAD)
        if head.startswith(_EBML):
            end = _matroska(file, size)
        elif head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            end = _avi(file, size)
        elif head.startswith(_ASF):
            end = _field(head, _ASF_PROPERTIES, 24 + 16, "<Q")
        elif head.startswith(b"FLV"):
            end = _field(head, _FLV_SIZE, len(_FLV_SIZE), ">d")
        elif head[4:8] in _BOXES:
            end = _boxes(file, size)
        else:
            end = None
    if end is not None and end > size + _SLACK:
        raise ValueError(
            f"{path} is cut short: it says that it has {end:.0f} bytes, but has {size}."
        )
    return end is not None


def _field(head, mark, offset, form):
    """A number after a mark; None if it is absent or has no meaning."""
    at = head.find(mark)
    data = head[at + offset : at + offset + 8]
    value = struct.unpack(form, data)[0] if at >= 0 and len(data) == 8 else 0
    return value if 0 < value < 2**62 else None


def _boxes(file, size):
    """End of the last box of an MP4 or MOV; None if the file comes in fragments."""
    at, fragments = 0, False
    while True:
        file.seek(at)
        head = file.read(16)
        if len(head) < 8 or head[4:8] not in _BOXES:
            return None if fragments else at
        length = struct.unpack(">I", head[:4])[0]
        if length == 1 and len(head) == 16:
            length = struct.unpack(">Q", head[8:])[0]
        fragments |= head[4:8] == b"moof"
        # 0 means up to the end of the file. A size below that of the heading means damage, which
        # the reader finds.
        if length < 8:
            return size if length == 0 else None
        at += length
        if at > size:
            return at


def _avi(file, size):
    """End of the last list of an AVI; a file above 1 GB has several."""
    at = 0
    while True:
        file.seek(at)
        head = file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:11] != b"AVI":
            return at
        length = struct.unpack("<I", head[4:8])[0]
        # A recorder that does not know the size yet writes this.
        if length in (0, 2**32 - 1):
            return None
        at += 8 + length + length % 2
        if at > size:
            return at


def _matroska(file, size):
    """End of the segment, or of the element that reaches beyond the file; None if unknown."""
    at = 0
    while at < size:
        file.seek(at)
        name, length = _number(file, keep_mark=True), _number(file)
        if name is None or length is None:
            # The file ends within a heading, or is not Matroska.
            return None
        start = file.tell()
        if name == _SEGMENT and length != _UNKNOWN:
            return start + length
        # Elements of unknown length are entered.
        at = start if length == _UNKNOWN else start + length
        if at > size:
            return at
    return None


def _number(file, *, keep_mark=False):
    """A number in EBML, whose leading zeros give its length; all ones mean `_UNKNOWN`."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    data = first + file.read(more)
    if len(data) <= more:
        return None
    value, ones = int.from_bytes(data), (1 << 7 * (more + 1)) - 1
    if keep_mark:
        return value
    return _UNKNOWN if value & ones == ones else value & ones
