"""Recognizes the kinds of TIFF that Pillow reads with the right values."""

import io

from PIL import TiffImagePlugin

_WIDTH, _BITS, _PHOTOMETRIC, _SAMPLES, _PLANES, _EXTRA, _FORMAT = 256, 258, 262, 277, 284, 338, 339
_APART = 2
_UNSIGNED = {1}
_FORMATS = {1: "unsigned", 2: "signed", 3: "float", 4: "untyped", 5: "complex", 6: "complex float"}
_COLOURS = {
    **{0: "gray (white is zero)", 1: "gray", 2: "RGB", 3: "palette", 4: "mask", 5: "CMYK"},
    **{6: "YCbCr", 8: "Lab", 9: "ICC Lab", 32803: "raw sensor data", 34892: "raw sensor data"},
}
_ADVICE = "save it as RGB or gray of 8 or 16 bit, with the channels side by side"


def check_tiff(image):
    """Refuse what Pillow would decode to wrong values.

    Args:
        image: A TIFF opened by Pillow.

    Returns:
        Notes: sentences about channels that are left out.

    Raises:
        ValueError: For signed, float and 12-bit samples, and for 16 bit in planes.
    """
    tags = image.tag_v2
    bits, formats = _all(tags, _BITS, 1), _all(tags, _FORMAT, 1)
    deep = max(bits) > 8
    wrong = (
        set(formats) != _UNSIGNED
        or len(set(bits)) > 1
        or bits[0] not in (1, 2, 4, 8, 16)
        or (deep and tags.get(_PLANES, 1) == _APART and len(bits) > 1)
    )
    if wrong:
        raise ValueError(_told(tags))
    extra = _all(tags, _EXTRA, None)
    # 0 stands for a channel without a declared meaning.
    unknown = [kind for kind in extra if kind == 0] if extra != (None,) else []
    return [f"{len(unknown)} channels without a declared meaning are left out"] if unknown else []


def describe_tiff(source):
    """A sentence about a TIFF that Pillow does not know; None if the file is not a TIFF."""
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
            header = file.read(8)
            if header[:4] not in (b"II*\0", b"MM\0*"):
                return None
            tags = TiffImagePlugin.ImageFileDirectory_v2(header)
            file.seek(tags.next)
            tags.load(file)
            return _told(tags) if _WIDTH in tags else None
    # Damaged tags can make the parser raise almost any error; the TIFF is then not described.
    except Exception:  # noqa: BLE001
        return None


def _told(tags):
    bits, formats = _all(tags, _BITS, 1), _all(tags, _FORMAT, 1)
    depth = " and ".join(str(number) for number in dict.fromkeys(bits))
    kinds = ", ".join(_FORMATS.get(kind, f"format {kind}") for kind in dict.fromkeys(formats))
    colour = tags.get(_PHOTOMETRIC)
    extra = _all(tags, _EXTRA, None)
    parts = (
        f"{_COLOURS.get(colour, f'colour space {colour}')} of {depth} bit",
        "" if set(formats) == _UNSIGNED else f"{kinds} samples",
        "" if extra == (None,) else f"{len(extra)} further channels",
        "planes apart" if tags.get(_PLANES, 1) == _APART else "",
    )
    return f"a TIFF of this kind is not read: {', '.join(filter(None, parts))}; {_ADVICE}"


def _all(tags, tag, default):
    value = tags.get(tag, default)
    return value if isinstance(value, tuple) else (value,)
