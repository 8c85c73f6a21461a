"""An image file with all that must survive its enlargement."""

import dataclasses
import struct
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from keras_pisr.data.images.files import open_image

# A decoded image takes 4 bytes a pixel in Pillow: this is a gigabyte.
MAX_PIXELS = 250_000_000
_DECODE_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error)
# Pillow keeps 8 of 16 bits of a colour. Read under the other byte order, it keeps the other 8.
_OTHER_BYTE = {
    "16B": "16L",
    "16L": "16B",
    "16N": "16B" if sys.byteorder == "little" else "16L",
}


@dataclasses.dataclass(frozen=True)
class Picture:
    """Pixels and what belongs to them.

    Attributes:
        pixels: uint8 or uint16 `(height, width, channels)`: gray, gray and alpha, RGB, RGBA;
            upright.
        icc: Colour profile, or None.
        exif: EXIF data without orientation, or None.
    """

    pixels: np.ndarray
    icc: bytes | None = None
    exif: Image.Exif | None = None


def picture_size(path):
    """Pixels of an image file by its header; 0 if it has none."""
    try:
        with _without_pillows_limit(), open_image(path) as image:
            return image.width * image.height
    except _DECODE_ERRORS:
        return 0


def read_picture(path, *, max_pixels=MAX_PIXELS):
    """Read an image file with 8 or 16 bits a channel, transparency, profile and EXIF.

    Palettes are looked up, CMYK and other spaces converted to RGB (their profile is then
    dropped), EXIF orientation is applied.

    Args:
        path: PNG, JPEG, WebP, TIFF, BMP or PNM file.
        max_pixels: Refuse larger images before decoding them: a small file can expand to
            gigabytes.

    Returns:
        `Picture`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no image, damaged, too large, moving, or of a kind whose values
            would be lost (float, 32 bits).
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no image file {path}.")
    try:
        with _without_pillows_limit(), open_image(path) as image:
            _check(image, max_pixels)
            return _read(path, image)
    except _DECODE_ERRORS as error:
        raise ValueError(f"Cannot read {path} as an image: {error}.") from error


def _check(image, max_pixels):
    if image.width * image.height > max_pixels:
        raise ValueError(
            f"{image.width}x{image.height} px are more than the {max_pixels} allowed; raise "
            "max_pixels if you trust the file"
        )
    # The further images in an MPO are a camera's previews and depth maps.
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise ValueError(f"it holds {image.n_frames} frames or pages; only one can be enlarged")
    if image.mode in ("F", "I"):
        raise ValueError("float or 32-bit pixels, of unknown range; save them as 16 bit")


def _read(path, image):
    # First of all: to look for EXIF at its end, Pillow decodes a PNG, and forgets how.
    raw = image.tile[0].args if image.tile else ""
    raw = raw if isinstance(raw, str) else str(raw[0])
    exif = image.getexif()
    orientation = exif.pop(ExifTags.Base.Orientation, 1)
    # A TIFF's "EXIF" is its whole directory, which is true of the old file only.
    kept = exif if len(exif) and image.format != "TIFF" else None
    icc = image.info.get("icc_profile") if image.mode not in ("CMYK", "LAB", "HSV") else None
    if image.mode.startswith("I;16"):
        pixels = np.asarray(image).astype(np.uint16, copy=False)[..., None]
    elif ";16" in raw:
        pixels = _deep_colour(path, image, raw)
    else:
        pixels = np.asarray(_plain(image))
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    return Picture(_upright(pixels, orientation), icc, kept)


def _plain(image):
    """The image in one of the modes L, LA, RGB and RGBA."""
    if image.mode in ("L", "LA", "RGB", "RGBA") and "transparency" not in image.info:
        return image
    if image.mode in ("1", "L"):
        return image.convert("LA" if "transparency" in image.info else "L")
    see_through = "transparency" in image.info or image.mode in ("PA", "RGBa", "La")
    return image.convert("RGBA" if see_through else "RGB")


def _deep_colour(path, image, raw):
    if raw[-3:] not in _OTHER_BYTE or image.mode not in ("RGB", "RGBA"):
        raise ValueError(f"16-bit pixels of the kind {raw} are not read; save it as 16-bit RGB(A)")
    pixels = np.asarray(image).astype(np.uint16)
    pixels <<= 8
    other = raw[:-3] + _OTHER_BYTE[raw[-3:]]
    with open_image(path) as again:
        again.tile = [
            tile._replace(args=other if isinstance(tile.args, str) else (other, *tile.args[1:]))
            for tile in again.tile
        ]
        pixels |= np.asarray(again)
    return pixels


def _upright(pixels, orientation):
    """Views, so that a large image is not copied."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


@contextmanager
def _without_pillows_limit():
    """Ours is checked instead, and may be higher; nor does Pillow warn of odd files we can read."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before
