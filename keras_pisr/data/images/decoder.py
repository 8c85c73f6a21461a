"""The one decoder of image files: what is read, what is refused, and within which bounds.

The whole package reads these files, and gets the same pixels from them:

- PNG: gray, colour, palette, alpha, one transparent colour, 1 to 16 bit;
- JPEG: gray, colour, CMYK; the first image of an MPO, which cameras write;
- TIFF: gray and RGB of up to 16 bit, with alpha in 8 bit and RGBA in 16; palette, CMYK, YCbCr and
  Lab of 8 bit;
- stills in WebP, AVIF and GIF; BMP; PNM of up to 16 bit.

These files are refused, with an error that names them: files of several frames or pages (training
takes the first); samples that are float, signed, or of 12 or 32 bit; TIFF of 16 bit with its
channels in planes, as gray and alpha, or CMYK; JPEG of 12 bit; AVIF of 10 and 12 bit; everything
else.

Bilevel images become gray, and palettes become RGB. CMYK and Lab become sRGB, CMYK by its colour
profile if there is one. The orientation of EXIF or XMP is applied. Only the decoders of these
formats are tried, and none of them starts another program. The content chooses the decoder, not the
suffix.
"""

import io
import logging
import re
import threading
import warnings
from contextlib import contextmanager

import numpy as np
from PIL import ExifTags, Image

from keras_pisr.data.images.deep_pixels import deep_pixels, is_deep
from keras_pisr.data.images.plain_pixels import plain_pixels
from keras_pisr.data.images.pnm import read_pnm
from keras_pisr.data.images.tiff_kinds import check_tiff, describe_tiff

# The error already says what Pillow logs about a damaged file. Without a handler, Python would
# print the log, too.
logging.getLogger("PIL").addHandler(logging.NullHandler())

# A decoded image takes 4 bytes per pixel in Pillow, so this limit is a gigabyte.
MAX_PIXELS = 250_000_000
SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".jpe", ".webp", ".tif", ".tiff", ".bmp"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".gif", ".avif"),
)
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM", "GIF", "AVIF")
# Deflate expands a byte to at most this many (zlib's own documentation).
_DEFLATE = 1032
# Pages are counted up to this number, because each page takes time to find.
_COUNTED_PAGES = 100


def open_image(source):
    """Open a file by Pillow without decoding it; the header tells the format, not the suffix.

    Only the formats of this module are tried. Pillow knows many more and gives some of them to
    other programs (EPS to Ghostscript), which would be unsafe for a file that is not trusted.

    Args:
        source: Path, or the bytes of a file.
    """
    Image.init()
    known = [name for name in _FORMATS if name in Image.OPEN]
    image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=known)
    # Without a name, Pillow does not map the file into memory. If it does, it takes the wrong width
    # for TIFFs with a rotated orientation.
    image.filename = ""
    return image


@contextmanager
def opened(source, name, *, max_pixels=MAX_PIXELS, first_of_many=False, advice=""):
    """An image file, opened and checked, but not decoded.

    Args:
        source: Path, or the bytes of a file.
        name: What to call it in errors.
        max_pixels: Refuse larger images before decoding them: a file of kilobytes can expand to
            gigabytes.
        first_of_many: Take the first of several frames or pages instead of refusing the file.
        advice: Sentence at the end of errors.

    Yields:
        `PIL.Image.Image`, for `decode`.

    Raises:
        ValueError: In place of every error that a decoder raises within the block. It names the
            image.
        MemoryError: If there is too little memory. The error names the image.
    """
    try:
        with _without_pillows_limit(), _identified(source) as image:
            _check_size(image, max_pixels)
            _check_is_possible(image, source)
            _check_avif(image, source)
            if not first_of_many:
                _check_frames(image, source)
            yield image
    except MemoryError as error:
        raise MemoryError(f"{name}: there is not enough memory to decode it.") from error
    # A damaged file can make Pillow raise almost any error, including KeyError and SystemError.
    except Exception as error:
        reason = str(error).rstrip(".") if type(error) is ValueError else _told(error)
        raise ValueError(f"Cannot read {name} as an image: {reason}.{advice}") from error


def decode(image, source):
    """The pixels of an image that `opened` has opened.

    Args:
        image: From `opened`.
        source: As given to `opened`. It is read again if 16 bit need two passes.

    Returns:
        `(pixels, notes)`: uint8 or uint16 `(height, width, channels)`, upright: gray, gray and
        alpha, RGB, or RGB and alpha. Alpha is straight. Notes are sentences about content of the
        file that the pixels do not hold.

    Raises:
        ValueError: For kinds of pixels that are not read (see the table above).
    """
    notes = []
    if image.format == "TIFF":
        notes += check_tiff(image)
    deep = read_pnm(image, source) if image.format == "PPM" else None
    if deep is not None:
        return deep, notes
    pixels = deep_pixels(image, lambda: open_image(source)) if is_deep(image) else None
    if pixels is None:
        pixels = plain_pixels(image, notes)
    # Pillow applies the orientation of a TIFF when it loads the pixels.
    orientation = 1 if image.format == "TIFF" else orientation_of(image, notes)
    return turned_upright(pixels, orientation), notes


def orientation_of(image, notes):
    """Orientation of an image by EXIF or XMP, 1 to 8; 1 if the tag is another value."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    # Damaged EXIF data can make Pillow raise almost any error.
    except Exception as error:  # noqa: BLE001
        notes.append(f"EXIF data cannot be read, and was left out ({_told(error)})")
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def turned_upright(pixels, orientation):
    """A view of the pixels, so that a large image is not copied."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def to_8_bit(pixels):
    """uint16 rounded to uint8; uint8 unchanged."""
    if pixels.dtype == np.uint8:
        return pixels
    # 65535 is 255 * 257.
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


@contextmanager
def _identified(source):
    try:
        image = open_image(source)
    except Image.UnidentifiedImageError as error:
        kind = describe_tiff(source)
        told = "it has none of the formats that are read" if kind is None else kind
        raise ValueError(f"{told} ({type(error).__name__})") from error
    with image:
        yield image


def _check_size(image, max_pixels):
    if image.width * image.height > max_pixels:
        raise ValueError(
            f"{image.width}x{image.height} px are more than the {max_pixels} allowed; raise "
            "max_pixels if you trust the file"
        )


def _check_is_possible(image, source):
    """Refuse a PNG with fewer bytes than its pixels need, before memory is taken for them."""
    if image.format != "PNG":
        return
    bits = {"1": 1, "L": 1, "P": 1, "LA": 16, "RGB": 24, "RGBA": 32, "I;16": 16}.get(image.mode, 1)
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if image.width * image.height * bits // 8 > _DEFLATE * size:
        raise ValueError(
            f"its header says {image.width}x{image.height} px, which {size} bytes cannot hold"
        )


def _check_avif(image, source):
    """Refuse AVIF of 10 and 12 bit, because the decoder keeps only 8 bit."""
    if image.format != "AVIF":
        return
    with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
        head = file.read(1 << 16)
    for found in re.finditer(b"av1C", head):
        # Reference: AV1-ISOBMFF 2.3.3; bit 6 of the third byte is high_bitdepth.
        if head[found.end() + 2 : found.end() + 3] >= b"\x40" and head[found.end() + 2] & 0x40:
            raise ValueError("AVIF of 10 or 12 bit is not read; save it as PNG or TIFF of 16 bit")


def _check_frames(image, source):
    # The further images in an MPO are a camera's previews, depth and gain maps.
    if image.format == "MPO" or not getattr(image, "is_animated", False):
        return
    with open_image(source) as pages:
        count = 1
        try:
            while count <= _COUNTED_PAGES:
                pages.seek(count)
                count += 1
        except EOFError:
            pass
        except Exception as error:
            raise ValueError(f"its page {count + 1} is damaged ({_told(error)})") from error
    if count > 1:
        count = count if count <= _COUNTED_PAGES else f"more than {_COUNTED_PAGES}"
        raise ValueError(f"it holds {count} frames or pages; only one can be enlarged")


def _told(error):
    return f"{type(error).__name__}: {error}".rstrip(".: ")


_limit_lock = threading.Lock()
_inside = 0
_before = None


@contextmanager
def _without_pillows_limit():
    """Turn Pillow's limit of pixels, and its warnings about odd files, off within the block.

    `max_pixels` is checked instead, and may be higher. The limit and the filter of warnings belong
    to the process: the first thread that enters sets them, and the last thread that leaves
    restores them. Only this filter is restored, because `catch_warnings` would undo the filters
    that other threads set in the meantime.
    """
    global _inside, _before
    with _limit_lock:
        if _inside == 0:
            warnings.filterwarnings("ignore", module=r"PIL\.")
            _before = Image.MAX_IMAGE_PIXELS, warnings.filters[0]
            Image.MAX_IMAGE_PIXELS = None
        _inside += 1
    try:
        yield
    finally:
        with _limit_lock:
            _inside -= 1
            if _inside == 0:
                Image.MAX_IMAGE_PIXELS, quiet = _before
                # Other code may have set other filters in the meantime.
                if quiet in warnings.filters:
                    warnings.filters.remove(quiet)
