"""Luma and chroma as super-resolution papers measure them: BT.601, studio range."""

from __future__ import annotations

from typing import Any

import numpy as np

# Rows Y, Cb, Cr of BT.601 (1982) for R, G, B in [0, 1]; results in 0..255 before the division.
_TO_YCBCR = np.array(
    [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]
)
# The first row is 0.219 times these weights. For uint8 the weighted sum is an exact integer below
# 2**24, so the luma does not depend on the order of the sum or on the library that computes it.
_LUMA = (299, 587, 114)
_OFFSET = np.array([16.0, 128.0, 128.0])


def rgb_to_y(images: Any) -> Any:
    """Luma of an image: `(16 + 65.481 R + 128.553 G + 24.966 B) / 255`, R, G, B in [0, 1].

    An image of one channel is taken as luma. It is only scaled to [0, 1], not remapped to the
    studio range, because gray files of the benchmarks are scored in this way.

    Args:
        images: NumPy array or TensorFlow tensor `(..., 3)` or `(..., 1)`; uint8, or float in
            [0, 1].

    Returns:
        float32 `(..., 1)`, in [16/255, 235/255] for RGB and in [0, 1] for gray.

    Raises:
        ValueError: if the last dimension is neither 3 nor 1, or the type is another integer.

    Example:
        >>> float(rgb_to_y(np.full((1, 1, 3), 255, "uint8"))[0, 0, 0] * 255)
        235.0
    """
    images, peak = _checked(images, channels=(1, 3))
    images = _as_float(images)
    if images.shape[-1] == 1:
        return images if peak == 1 else images * np.float32(1 / peak)
    factor, offset = luma_factor(peak)
    luma = luma_sum(images)[..., None]
    if isinstance(images, np.ndarray):
        luma *= factor
        luma += offset
        return luma
    return luma * factor + offset


def luma_sum(pixels, *, out=None):
    """`299 R + 587 G + 114 B`, the sum from which every luma in this package is made.

    Args:
        pixels: float32 `(..., 3)`: NumPy array, or tensor of any backend.
        out: float32 `(...)` to write to, for NumPy.

    Returns:
        float32 `(...)`.
    """
    if isinstance(pixels, np.ndarray):
        return np.matmul(pixels, np.float32(_LUMA), out=out)
    r, g, b = _LUMA
    return pixels[..., 0] * r + pixels[..., 1] * g + pixels[..., 2] * b


def luma_factor(peak=255):
    """`factor, offset` that turn `luma_sum` into luma in [0, 1], as float32."""
    return np.float32(219 / 255 / 1000 / peak), np.float32(16 / 255)


def rgb_to_ycbcr(images: Any) -> Any:
    """Luma and chroma of an RGB image, unrounded.

    Args:
        images: NumPy array or TensorFlow tensor `(..., 3)`; uint8, or float in [0, 1].

    Returns:
        float32 `(..., 3)`: Y in [16/255, 235/255], Cb and Cr in [16/255, 240/255].

    Raises:
        ValueError: if the last dimension is not 3, or the type is another integer.
    """
    images, peak = _checked(images, channels=(3,))
    matrix = (_TO_YCBCR.T / 255 / peak).astype("float32")
    return _as_float(images) @ matrix + (_OFFSET / 255).astype("float32")


def ycbcr_to_rgb(images: Any) -> Any:
    """Inverse of `rgb_to_ycbcr`, not clipped.

    The error of a round trip is less than 1e-6 in float, and every uint8 image is unchanged after
    rounding. If Y, Cb and Cr are rounded to 8 bit in between, the error is up to 2 levels.

    Args:
        images: NumPy array or TensorFlow tensor `(..., 3)`; uint8, or float in [0, 1].

    Returns:
        float32 `(..., 3)`. Colours that do not exist in RGB lie outside [0, 1]: clip them to show
        the image.

    Raises:
        ValueError: if the last dimension is not 3, or the type is another integer.
    """
    images, peak = _checked(images, channels=(3,))
    inverse = np.linalg.inv(_TO_YCBCR)
    matrix = (inverse.T * 255 / peak).astype("float32")
    return _as_float(images) @ matrix - (inverse @ _OFFSET).astype("float32")


def _checked(images, *, channels):
    if isinstance(images, (list, tuple)) or np.isscalar(images):
        images = np.asarray(images)
    if not images.shape or images.shape[-1] not in channels:
        raise ValueError(
            f"Expected images (..., {' or '.join(map(str, channels))}); got shape "
            f"{tuple(images.shape)}. Drop the alpha channel, or add a channel to gray images."
        )
    kind = np.dtype(getattr(images.dtype, "as_numpy_dtype", images.dtype))
    if kind != np.uint8 and not np.issubdtype(kind, np.floating):
        raise ValueError(f"Expected uint8, or float in [0, 1]; got {kind}.")
    return images, 255 if kind == np.uint8 else 1


def _as_float(images):
    # NumPy arrays stay NumPy arrays; anything else with a dtype is a TensorFlow tensor.
    if isinstance(images, np.ndarray):
        return images.astype("float32", copy=False)
    import tensorflow as tf

    return tf.cast(images, tf.float32)
