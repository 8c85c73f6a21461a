"""Image files to arrays and back: every format people have, as 8-bit gray or RGB."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from keras_pisr.atomic import atomic_path

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pnm"),
)
# Pillow's own limit, above which it warns; at twice that it refuses.
MAX_PIXELS = 178_956_970
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM")
_BITS_PER_SAMPLE = 258  # TIFF tag.


def read_image(path, *, max_pixels=MAX_PIXELS):
    """Read an image file as 8-bit gray or RGB, upright.

    - Gray (also bilevel, gray palettes and gray with alpha) gives one channel, everything else
      three: palettes are looked up, CMYK and other colour spaces converted by Pillow.
    - Alpha is dropped, not blended: the colours stored under it are returned.
    - 16 bit is scaled to 8: gray rounded, colour by its high byte (Pillow decodes it so). Other
      depths above 8 (12-bit, 32-bit, float) are refused: their range is not known.
    - The orientation in the EXIF data is applied; colour profiles are not.
    - Of several frames or pages, the first.

    Args:
        path: PNG, JPEG, BMP, WebP, TIFF or PNM file.
        max_pixels: Refuse larger images before decoding them (a small file can expand to
            gigabytes). Pillow itself refuses from 358 million px on.

    Returns:
        uint8 `(height, width, 1 or 3)`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no image of these formats, whatever its suffix says, is damaged, is too
            large, or has 12-bit, 32-bit or float pixels.

    Example:
        >>> read_image("photo.jpg").shape  # doctest: +SKIP
        (1356, 2040, 3)
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no image file {path}.")
    try:
        with open_image(path) as image:
            if image.width * image.height <= max_pixels:
                _check_depth(image)
                return _decode(ImageOps.exif_transpose(image))
            size = f"{image.width}x{image.height}"
    except MemoryError:
        raise
    # A damaged file can make Pillow raise nearly anything, KeyError and ZeroDivisionError included.
    except Exception as error:
        raise ValueError(
            f"Cannot read {path} as an image ({type(error).__name__}: {error}). "
            "Remove it or save it anew, as PNG for instance."
        ) from error
    raise ValueError(
        f"{path} is {size} px, above max_pixels={max_pixels}. Raise max_pixels if you trust it."
    )


def open_image(path):
    """Open a file by Pillow without decoding it; the header tells the format, not the suffix.

    Only the formats of `read_image` are tried: Pillow knows many more, and hands some of them to
    programs outside (EPS to Ghostscript), which is nothing to do with a file from elsewhere.
    """
    return Image.open(path, formats=_FORMATS)


def write_image(path, image):
    """Write an image whole or not at all, in the format its suffix names.

    JPEG and WebP are written with quality 95.

    Args:
        path: Destination; missing parent folders are made, an existing file is replaced.
        image: uint8 `(height, width)` or `(height, width, 1, 3 or 4)`.

    Raises:
        ValueError: if the array is no such image or the suffix names no known format.
    """
    path, image = Path(path), np.asarray(image)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    known = image.ndim >= 2 and image.shape[2:] in ((), (3,), (4,))
    if image.dtype != np.uint8 or not known:
        raise ValueError(
            "Expected a uint8 image (height, width) or (height, width, 1, 3 or 4); got "
            f"{image.dtype} {image.shape}. Floats in [0, 1]: `(255 * x + 0.5).clip(0, 255)` first."
        )
    form = Image.registered_extensions().get(path.suffix.lower())
    if form not in Image.SAVE:
        raise ValueError(f"Cannot tell a format from {path.name!r}; use one of {SUFFIXES}.")
    options = {"quality": 95} if form in ("JPEG", "WEBP") else {}
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        Image.fromarray(image).save(file, format=form, **options)


def list_images(folder, *, others=()):
    """Image files of a folder, sorted by name; hidden files and subfolders are left out.

    Args:
        folder: Path of the folder.
        others: Further suffixes to take, such as `.mp4`.

    Returns:
        Non-empty list of `Path`.

    Raises:
        FileNotFoundError: if the folder does not exist.
        ValueError: if it is no folder or holds no image file.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"There is no folder {folder}.")
    if not folder.is_dir():
        raise ValueError(f"Expected a folder of images; {folder} is a file.")
    paths = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in (*SUFFIXES, *others)
        and not path.name.startswith(".")
        and path.is_file()
    )
    if not paths:
        raise ValueError(
            f"{folder} holds no image file ({', '.join(SUFFIXES)}). "
            "Subfolders are not searched: name the folder the images are in."
        )
    return paths


def _check_depth(image):
    # Pillow calls 16-bit gray "I;16" with a byte order, or "I" in some releases and in PNM. Other
    # "I" is 32 bit; 12 bit comes as "I;16" too, with values a sixteenth as large.
    sixteen = image.mode.startswith("I;16") or image.mode == "I" and image.format in ("PNG", "PPM")
    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))
    if image.mode[0] in "IF" and not (sixteen and bits == (16,)):
        raise ValueError(f"{image.format} pixels of mode {image.mode}, of unknown range")


def _decode(image):
    if image.mode.startswith("I"):
        deep = np.asarray(image).astype(np.int64)
        return ((deep + 128) // 257).astype(np.uint8)[..., None]
    if image.mode in ("P", "PA"):
        palette = np.array(image.getpalette("RGB")).reshape(-1, 3)
        gray = (palette == palette[:, :1]).all()
        pixels = np.asarray(image.convert("RGBA"))[..., :3]
        return np.ascontiguousarray(pixels[..., :1] if gray else pixels)
    if image.mode in ("1", "L", "LA", "La"):
        return np.array(image.convert("L"))[..., None]
    return np.array(image.convert("RGB"))
