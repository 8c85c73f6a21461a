"""Gaussian blur, Gaussian noise and JPEG, as pure functions of 8-bit images."""

import io
import math

import numpy as np
from PIL import Image

# Side, in px, of the blocks that JPEG compresses one by one if colours have half the resolution.
JPEG_BLOCK = 16
# Distance, in px, by which the decoder's enlarged colours reach beyond a block.
JPEG_REACH = 2


def gaussian_blur(image, sigma):
    """Gaussian blur, rounded to 8 bit once. The edge pixels are repeated beyond the edge.

    The kernel ends at `ceil(3 sigma)` px and sums to 1.

    Args:
        image: uint8 `(height, width, channels)`.
        sigma: Standard deviation in px of this image, 0 or more.

    Returns:
        uint8, same shape.
    """
    radius = blur_radius(sigma)
    if not radius:
        return image
    weights = np.exp(-0.5 * (np.arange(radius + 1) / sigma) ** 2)
    weights = (weights / (2 * weights.sum() - weights[0])).astype(np.float32)
    result = image.astype(np.float32)
    for axis in (0, 1):
        length, pad = image.shape[axis], [(0, 0)] * 3
        pad[axis] = (radius, radius)
        padded = np.pad(result, pad, mode="edge")
        result = _part(padded, axis, radius, length) * weights[0]
        for k in range(1, radius + 1):
            pair = _part(padded, axis, radius - k, length)
            pair = pair + _part(padded, axis, radius + k, length)
            pair *= weights[k]
            result += pair
    return _rounded(result)


def blur_radius(sigma):
    """Radius of `gaussian_blur`'s kernel, in px."""
    return math.ceil(3 * sigma)


def add_noise(image, sigma, rng):
    """Gaussian noise, independent in each pixel and channel, rounded and clipped.

    Args:
        image: uint8, any shape.
        sigma: Standard deviation in levels of 255, 0 or more.
        rng: NumPy generator.

    Returns:
        uint8, same shape.
    """
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    return _rounded(noise * np.float32(sigma) + image)


def jpeg(image, quality):
    """Compress by Pillow's JPEG encoder and decode again; colours at half the resolution (4:2:0).

    Args:
        image: uint8 `(height, width, 1 or 3)`.
        quality: 1 to 100, on the scale of libjpeg.

    Returns:
        uint8, same shape.
    """
    file = io.BytesIO()
    pixels = np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image)
    Image.fromarray(pixels).save(file, format="JPEG", quality=int(quality), subsampling="4:2:0")
    with Image.open(file, formats=["JPEG"]) as decoded:
        return np.asarray(decoded).reshape(image.shape)


def _part(padded, axis, start, length):
    return padded[start : start + length] if axis == 0 else padded[:, start : start + length]


def _rounded(values):
    values += np.float32(0.5)
    np.floor(values, out=values)
    return np.clip(values, 0, 255, out=values).astype(np.uint8)
