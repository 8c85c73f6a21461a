"""The metadata of an image file, and the part of it that a result can hold."""

import dataclasses
import io
import math
import re
import struct
import warnings

from PIL import ExifTags, Image

# Texts in a TIFF's directory that EXIF has under the same numbers.
TEXT_TAGS = (270, 271, 272, 305, 306, 315, 33432)
_IPTC_TAG, _IPTC_BLOCK = 33723, 0x0404
# Chunks of a PNG that define its colours.
_COLOUR_CHUNKS = (b"cHRM", b"gAMA", b"sRGB", b"cICP", b"mDCV", b"cLLI")
# Their contents if the colours are sRGB, which is also the meaning without them.
_SRGB_CHUNKS = (
    (b"gAMA", struct.pack(">I", 45455)),
    (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
)
# Texts that copy the contents of other chunks, as ImageMagick writes them.
_RAW_COPIES = re.compile(r"Raw profile type (exif|APP1|xmp|icc|icm)|XML:com\.adobe\.xmp", re.I)
# Types of a camera's previews; the other images in an MPO are separate pictures.
_PREVIEW = "Large Thumbnail"


@dataclasses.dataclass(frozen=True)
class Metadata:
    """Metadata of an image. Missing parts are None or empty.

    Attributes:
        icc: Colour profile.
        exif: `PIL.Image.Exif` without orientation.
        xmp: XMP packet, without orientation.
        dpi: Pixels per inch, across and down.
        text: Texts by keyword.
        iptc: IPTC records.
        colour: Chunks of a PNG about its colours, `((kind, data), ...)`.
    """

    icc: bytes | None = None
    exif: Image.Exif | None = None
    xmp: bytes | None = None
    dpi: tuple | None = None
    text: dict = dataclasses.field(default_factory=dict)
    iptc: bytes | None = None
    colour: tuple = ()


def read_metadata(image, source, notes):
    """Metadata of an image that has been decoded.

    Args:
        image: `PIL.Image.Image`.
        source: Path, or the bytes of the file.
        notes: List that gets a sentence for each part that is left out.
    """
    info = image.info
    gain_map = _has_gain_map(image)
    if gain_map:
        notes.append("its HDR gain map is left out: the result is the standard image")
    elif _further_pictures(image):
        notes.append("further images in the file are left out")
    xmp = info.get("xmp")
    return Metadata(
        # The pixels of these modes have become sRGB.
        icc=None if image.mode in ("CMYK", "LAB", "HSV") else info.get("icc_profile"),
        exif=_exif(image, notes),
        xmp=None if gain_map or not isinstance(xmp, bytes) else _upright_xmp(xmp),
        dpi=_dpi(info.get("dpi")),
        text=_text(image),
        iptc=_iptc(image),
        colour=_colour_chunks(source) if image.format == "PNG" else (),
    )


def enlarged_exif(exif, size):
    """EXIF as bytes, with the sides of the result; may raise any error of Pillow about odd tags."""
    with warnings.catch_warnings():
        # Pillow warns about odd tags, which are written unchanged.
        warnings.simplefilter("ignore")
        return _resized(exif, size).tobytes()


def _resized(exif, size):
    tags = ExifTags.Base
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    for height, width, there in (
        (tags.ExifImageHeight, tags.ExifImageWidth, inner),
        (tags.ImageLength, tags.ImageWidth, exif),
    ):
        for tag, side in ((height, size[0]), (width, size[1])):
            if tag in there:
                there[tag] = side
    return exif


def enlarged_xmp(xmp, size):
    """XMP with the sides of the result."""
    for name, side in (
        (b"(?:ImageLength|PixelYDimension)", size[0]),
        (b"(?:ImageWidth|PixelXDimension)", size[1]),
    ):
        xmp = _set_in_xmp(xmp, name, side)
    return xmp


def beyond_srgb(chunks):
    """Kinds of the chunks that define other colours than sRGB."""
    if any(kind == b"cICP" for kind, _ in chunks):
        return ["cICP"]
    if any(kind == b"sRGB" for kind, _ in chunks):
        return []
    return [kind.decode() for kind, data in chunks if (kind, data) not in _SRGB_CHUNKS]


def _exif(image, notes):
    try:
        exif = image.getexif()
        if image.format == "TIFF":
            # A TIFF's "EXIF" is its whole directory, most of which describes only the old file.
            exif = _of_tiff(exif)
        exif.pop(ExifTags.Base.Orientation, None)
        return exif if len(exif) else None
    # Tags of the wrong type can make Pillow raise almost any error. If EXIF cannot be read at all,
    # the decoder has already said so.
    except Exception as error:  # noqa: BLE001
        if not any("EXIF" in note for note in notes):
            notes.append(f"EXIF data is damaged, and is left out ({type(error).__name__}: {error})")
        return None


def _of_tiff(directory):
    exif = Image.Exif()
    for tag in TEXT_TAGS:
        if isinstance(directory.get(tag), str):
            exif[tag] = directory[tag]
    for kind in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        inner = directory.get_ifd(kind)
        if inner:
            exif[kind] = dict(inner)
    return exif


def _upright_xmp(xmp):
    # The pixels are already upright.
    return _set_in_xmp(xmp, b"Orientation", 1)


def _set_in_xmp(xmp, name, value):
    """Set a number that XMP holds as an attribute or as an element."""
    value = str(value).encode()
    xmp = re.sub(rb'(\b\w+:%s\s*=\s*["\'])\d+' % name, lambda m: m[1] + value, xmp)
    return re.sub(rb"(<\w+:%s\s*>\s*)\d+" % name, lambda m: m[1] + value, xmp)


def _has_gain_map(image):
    if image.format not in ("JPEG", "MPO"):
        return False
    xmp = image.info.get("xmp")
    said = isinstance(xmp, bytes) and re.search(rb"hdrgm:|GainMap", xmp)
    segments = getattr(image, "applist", ())
    return bool(said) or any(b"urn:iso:std:iso:ts:21496:-1" in data[:64] for _, data in segments)


def _further_pictures(image):
    if image.format != "MPO":
        return False
    entries = (getattr(image, "mpinfo", None) or {}).get(0xB002, ())
    kinds = [entry.get("Attribute", {}).get("MPType", "") for entry in entries[1:]]
    return any(not str(kind).startswith(_PREVIEW) for kind in kinds)


def _dpi(dpi):
    try:
        across, down = (float(value) for value in dpi)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    sane = all(math.isfinite(value) and 0 < value < 1e6 for value in (across, down))
    # Programs that do not know the resolution write 1.
    return (across, down) if sane and (across, down) != (1, 1) else None


def _text(image):
    if image.format == "PNG":
        texts = {str(key): str(value) for key, value in image.text.items()}
        return {key: value for key, value in texts.items() if not _RAW_COPIES.match(key)}
    comment = image.info.get("comment")
    if isinstance(comment, bytes):
        try:
            comment = comment.decode()
        except UnicodeDecodeError:
            comment = comment.decode("latin-1")
    comment = comment.strip("\0 ") if isinstance(comment, str) else ""
    return {"Comment": comment} if comment else {}


def _iptc(image):
    if image.format == "TIFF":
        value = image.tag_v2.get(_IPTC_TAG)
    else:
        blocks = image.info.get("photoshop")
        value = blocks.get(_IPTC_BLOCK) if isinstance(blocks, dict) else None
    return value if isinstance(value, bytes) and value else None


def _colour_chunks(source):
    found = []
    with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
            length = struct.unpack(">I", head[:4])[0]
            if head[4:] in _COLOUR_CHUNKS and length <= 64:
                found.append((head[4:], file.read(length)))
                length = 0
            file.seek(length + 4, 1)
    return tuple(found)
