"""Handles the colours under transparent pixels, which are arbitrary and must stay invisible."""

import numpy as np

from keras_pisr.data.images.resize import upscale as bicubic

# Number of rows of the image that are held as floats at a time.
_ROWS = 256
# Alpha below half an 8-bit level is invisible, and a colour divided by it is noise.
_INVISIBLE = np.float32(0.5 / 255)


def is_see_through(image):
    """Whether an image `(height, width, channels)` has an alpha channel that is not all opaque."""
    if image.shape[2] % 2:
        return False
    opaque = np.iinfo(image.dtype).max if np.issubdtype(image.dtype, np.integer) else 1
    return bool(image[..., -1].min() < opaque)


def filled(image):
    """Give transparent pixels the colours of the visible pixels around them.

    A pixel's colour is weighted by its alpha; the remaining weight goes to a version of half the
    size, which is made in the same way. Opaque pixels do not change.

    Args:
        image: `(height, width, 2 or 4)`: gray and alpha or RGB and alpha, straight; uint8, uint16
            or float in `[0, 1]`.

    Returns:
        `(height, width, 1 or 3)` of the same type.
    """
    height, width = image.shape[:2]
    half = np.empty((-(-height // 2), -(-width // 2), image.shape[2]), np.float32)
    for top in range(0, height, _ROWS):
        part = _premultiplied(image[top : top + _ROWS])
        half[top // 2 : (top + _ROWS) // 2] = _halved(part)
    under = _fill(half)
    result = np.empty((height, width, image.shape[2] - 1), image.dtype)
    for top in range(0, height, _ROWS):
        part = _premultiplied(image[top : top + _ROWS])
        below = under[top // 2 : (top + _ROWS) // 2]
        below = below.repeat(2, axis=0).repeat(2, axis=1)[: len(part), :width]
        colours = part[..., :-1] + (1 - part[..., -1:]) * below
        result[top : top + _ROWS] = _as_type(colours, image.dtype)
    return result


def enlarged(pixels, colours, scale):
    """The bicubic enlargement, with every colour weighted by its alpha.

    Args:
        pixels: float32 `(height, width, 2 or 4)`, straight, in `[0, 1]`.
        colours: The enlarged colours of `filled`, which are taken where alpha is 0.
        scale: Whole number.

    Returns:
        `(colours, alpha)`, float32.
    """
    alpha = pixels[..., -1:]
    large = bicubic(np.concatenate([pixels[..., :-1] * alpha, alpha], axis=2), scale)
    visible = large[..., -1:] > _INVISIBLE
    weighed = large[..., :-1] / np.where(visible, large[..., -1:], 1)
    return np.where(visible, weighed, colours), large[..., -1:]


def _premultiplied(image):
    top = np.iinfo(image.dtype).max if np.issubdtype(image.dtype, np.integer) else 1
    part = image.astype(np.float32) * np.float32(1 / top)
    part[..., :-1] *= part[..., -1:]
    return part


def _as_type(colours, dtype):
    if np.issubdtype(dtype, np.integer):
        colours = colours * np.float32(np.iinfo(dtype).max) + np.float32(0.5)
    return colours.astype(dtype)


def _halved(part):
    """Sums over blocks of 2x2 of premultiplied colours and alpha, no alpha above 1."""
    odd = [(0, side % 2) for side in part.shape[:2]]
    part = np.pad(part, [*odd, (0, 0)]) if part.shape[0] % 2 or part.shape[1] % 2 else part
    blocks = part.reshape(part.shape[0] // 2, 2, part.shape[1] // 2, 2, -1).sum(axis=(1, 3))
    return blocks / np.maximum(blocks[..., -1:], 1)


def _fill(premultiplied):
    """Straight colours at every place."""
    height, width = premultiplied.shape[:2]
    colours, alpha = premultiplied[..., :-1], premultiplied[..., -1:]
    if height * width > 1:
        under = _fill(_halved(premultiplied)).repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    else:
        # No pixels remain around these, so they get the colour of the little alpha that there is.
        under = colours / np.where(alpha > 0, alpha, 1)
    return colours + (1 - alpha) * under
