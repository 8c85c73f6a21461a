"""Decodes 16 bits per channel with Pillow, which keeps only 8 of them for colours."""

import sys

import numpy as np

# Pillow keeps 8 of the 16 bits of a colour. If the file is read with the other byte order, it keeps
# the other 8.
_OTHER_BYTE = {
    "16B": "16L",
    "16L": "16B",
    "16N": "16B" if sys.byteorder == "little" else "16L",
}
_PHOTOMETRIC = 262
_PREMULTIPLIED = "RGBa"


def raw_mode(image):
    """Pillow's name for the layout of the pixels in the file; empty once they are decoded."""
    tiles = getattr(image, "tile", None)
    args = tiles[0].args if tiles else ""
    return args if isinstance(args, str) else str(args[0]) if args else ""


def is_deep(image):
    """Whether an image, not yet decoded, has 16 bits per channel."""
    return image.mode.startswith("I;16") or ";16" in raw_mode(image) and image.mode != "I"


def deep_pixels(image, reopen):
    """Decode 16 bits per channel.

    Args:
        image: Opened by Pillow, not decoded yet.
        reopen: Function that opens the same file again, for the other byte of colours.

    Returns:
        uint16 `(height, width, channels)`.

    Raises:
        ValueError: For other arrangements of 16 bits.
    """
    raw = raw_mode(image)
    # This comes first, because Pillow decodes a PNG when it is asked for the metadata at its end.
    transparent = image.info.get("transparency")
    if image.mode.startswith("I;16"):
        # In WhiteIsZero, 0 is white. The decoder inverts other depths, but not this one.
        inverted = image.format == "TIFF" and image.tag_v2.get(_PHOTOMETRIC) == 0
        pixels = np.asarray(image).astype(np.uint16)[..., None]
        return with_alpha(65535 - pixels if inverted else pixels, transparent)
    if raw == "LA;16B":
        # Two samples of two bytes are read as four channels of one byte.
        _reread(image, "RGBA")
        return np.asarray(image).view(">u2").astype(np.uint16)
    if raw[-3:] not in _OTHER_BYTE or image.mode not in ("RGB", "RGBA"):
        raise ValueError(f"16-bit pixels of the kind {raw} are not read; save it as 16-bit RGB")
    straight = raw.replace(_PREMULTIPLIED, "RGBA")
    _reread(image, straight)
    pixels = np.asarray(image).astype(np.uint16)
    pixels <<= 8
    with reopen() as again:
        _reread(again, straight[:-3] + _OTHER_BYTE[raw[-3:]])
        pixels |= np.asarray(again)
    if raw.startswith(_PREMULTIPLIED):
        pixels[..., :3] = _straight(pixels)
    return with_alpha(pixels, transparent)


def with_alpha(pixels, transparent):
    """Add an alpha channel that is 0 where a pixel has the one transparent colour.

    Args:
        pixels: `(height, width, 1 or 3)`.
        transparent: The colour, a number or one for each channel; or None for no alpha.
    """
    if transparent is None or pixels.shape[2] not in (1, 3):
        return pixels
    see_through = (pixels == np.array(transparent).reshape(-1)).all(axis=2, keepdims=True)
    opaque = np.iinfo(pixels.dtype).max
    return np.concatenate([pixels, np.where(see_through, 0, opaque).astype(pixels.dtype)], axis=2)


def _reread(image, raw):
    image.tile = [
        tile._replace(args=raw if isinstance(tile.args, str) else (raw, *tile.args[1:]))
        for tile in image.tile
    ]


def _straight(pixels):
    """Divide premultiplied colours by their alpha."""
    alpha = np.maximum(pixels[..., 3:], 1).astype(np.uint64)
    colours = (pixels[..., :3].astype(np.uint64) * 65535 + alpha // 2) // alpha
    return np.minimum(colours, 65535)
