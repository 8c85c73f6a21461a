"""8 bits per channel: palettes looked up, other colour spaces converted."""

import io

import numpy as np
from PIL import ImageCms

from keras_pisr.data.images.deep_pixels import raw_mode, with_alpha
from keras_pisr.data.images.tiff_kinds import check_tiff

# Factor by which the samples of gray PNGs with fewer bits are multiplied to fill 8 bits.
_TO_8_BIT = {"L;2": 85, "L;4": 17}


def plain_pixels(image, notes):
    """Decode a Pillow image of up to 8 bits per channel.

    Args:
        image: `PIL.Image.Image` of any mode but those of more than 8 bits.
        notes: List that gets a sentence if the file does not define the conversion.

    Returns:
        uint8 `(height, width, channels)`: gray, gray and alpha, RGB, or RGB and alpha.

    Raises:
        ValueError: For float and 32-bit pixels, whose range is not known.
    """
    mode, raw = image.mode, raw_mode(image)
    transparent = image.info.get("transparency")
    if mode in ("I", "F"):
        raise ValueError("float or 32-bit pixels, of unknown range; save them as 16 bit")
    if mode in ("1", "L"):
        if transparent is not None:
            transparent = transparent * _TO_8_BIT.get(raw, 1)
        return with_alpha(np.array(image.convert("L"))[..., None], transparent)
    if mode in ("LA", "La"):
        return np.array(image.convert("LA"))
    if mode in ("CMYK", "LAB"):
        return np.array(_to_srgb(image, notes))
    see_through = mode in ("RGBA", "RGBa", "PA") or transparent is not None
    return np.array(image.convert("RGBA" if see_through else "RGB"))


def pixels_of_pillow(image):
    """Make an array of an image in memory: palettes and inks become colours.

    Args:
        image: `PIL.Image.Image`; 16-bit gray gives uint16, all else uint8.

    Returns:
        `(height, width)` or `(height, width, 2 to 4 channels)`.

    Raises:
        ValueError: For float, 32- and 12-bit pixels, whose range is not known.
    """
    if hasattr(image, "tag_v2"):
        check_tiff(image)
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    pixels = plain_pixels(image, [])
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels


def has_gray_palette(image):
    """Whether a Pillow image has a palette in which every colour is a gray."""
    if image.mode not in ("P", "PA"):
        return False
    palette = np.array(image.getpalette("RGB")).reshape(-1, 3)
    return bool((palette == palette[:, :1]).all())


def _to_srgb(image, notes):
    """CMYK by its colour profile, Lab by its definition."""
    srgb = ImageCms.createProfile("sRGB")
    if image.mode == "LAB":
        image.load()
        lab = ImageCms.buildTransform(ImageCms.createProfile("LAB"), srgb, "LAB", "RGB")
        return ImageCms.applyTransform(image, lab)
    profile = image.info.get("icc_profile")
    if profile:
        image.load()
        try:
            return ImageCms.profileToProfile(image, io.BytesIO(profile), srgb, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError) as error:
            notes.append(f"its CMYK profile is damaged, so the colours are a guess ({error})")
    else:
        notes.append("it has no CMYK profile, so the colours are a guess")
    return image.convert("RGB")
