"""Weights of the bicubic kernel as exact integers, in a banded form for fast matrix products.

The distance of an input pixel from the centre of an output pixel is a ratio of small integers, so
the cubic of that distance is one, too. Sums of `integer weight * uint8 pixel` in floating point are
then exact in any order, and arithmetic, not rounding noise, decides how a half is rounded: NumPy,
TensorFlow and every BLAS agree to the last bit.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

BORDERS = ("replicate", "mirror")


class Band(NamedTuple):
    """Output pixels `start:stop` as `weights @ inputs[first:last]`."""

    start: int
    stop: int
    first: int
    last: int
    weights: np.ndarray  # (stop - start, last - first), integers; row sums are `total`.
    total: np.ndarray  # (stop - start,), integers.


def cubic(n, half):
    """Cubic convolution kernel (a = -0.5) at `n / half`, times `2 * half**3`.

    Args:
        n: Integer numerators.
        half: Integer denominator: the kernel is zero from `|n| >= 2 * half` on.

    Returns:
        Integers, same shape as `n`.

    Reference:
        Keys 1981, "Cubic convolution interpolation for digital image processing", eq. 15.
    """
    n = np.abs(n)
    inner = 3 * n**3 - 5 * n**2 * half + 2 * half**3
    outer = -(n**3) + 5 * n**2 * half - 8 * n * half**2 + 4 * half**3
    return np.where(n <= half, inner, np.where(n < 2 * half, outer, 0))


@lru_cache(maxsize=256)
def bands(n_in, n_out, *, antialias=True, border="replicate", block=16):
    """The resize of one axis as a tuple of small dense matrices along the diagonal.

    Output pixel `i` is centred on `u = (i + 0.5) * n_in / n_out - 0.5`. When shrinking with
    `antialias`, the kernel is stretched by `n_in / n_out`.

    Args:
        n_in: Input length in px.
        n_out: Output length in px.
        antialias: Stretch the kernel when shrinking.
        border: `"replicate"` repeats the edge pixel, `"mirror"` reflects about the edge
            (the edge pixel is repeated once).
        block: Output pixels per band. About 16 is the fastest in NumPy: larger bands multiply more
            zeros, smaller bands make more calls.

    Returns:
        Tuple of `Band`, in order, covering `0:n_out`.
    """
    divisor = math.gcd(n_in, n_out)
    p, q = n_out // divisor, n_in // divisor
    stretch = q if antialias and q > p else p  # u - j is (...) / (2 p), the kernel's unit 2 stretch
    out = np.arange(n_out, dtype=np.int64)[:, None]
    left = ((2 * out + 1) * q - p - 4 * stretch) // (2 * p)
    index = left + np.arange(4 * stretch // p + 3)
    weight = cubic((2 * out + 1) * q - p - 2 * p * index, 2 * stretch)
    weight = weight // np.gcd.reduce(weight, axis=None)
    if border == "mirror":
        index = index % (2 * n_in)
        index = np.where(index < n_in, index, 2 * n_in - 1 - index)
    else:
        index = np.clip(index, 0, n_in - 1)
    return tuple(_band(index, weight, start, block) for start in range(0, n_out, block))


def _band(index, weight, start, block):
    # Taps of weight zero would widen the band, so only the others count.
    index, weight = index[start : start + block], weight[start : start + block]
    used = index[weight != 0]
    first, last = int(used.min()), int(used.max()) + 1
    matrix = np.zeros((len(index), last - first), np.int64)
    row = np.broadcast_to(np.arange(len(index))[:, None], index.shape)
    np.add.at(matrix, (row[weight != 0], used - first), weight[weight != 0])
    matrix.setflags(write=False)
    return Band(start, start + len(index), first, last, matrix, weight.sum(axis=1))


def exact_dtype(axis_bands):
    """The smallest float type in which `floor(sum * factor + offset)` rounds half up exactly.

    float32 holds sums below `2**24` exactly, and its error in the quotient is less than 4e-5; see
    `rounding`.
    """
    largest = max(int(np.abs(b.weights).sum(axis=1).max()) for b in axis_bands)
    return np.float32 if largest <= 6000 else np.float64


def rounding(total, dtype):
    """`factor, offset` so that `floor(sum * factor + offset)` is `sum / total` rounded half up.

    `sum / total + 1 / 2` is a multiple of `1 / (2 total)`. Half of that is added, so that an error
    of the product in either direction does not change the floor. A division would be no safer,
    because TensorFlow's graph optimiser replaces it by an approximate reciprocal.
    """
    return (1 / total).astype(dtype), (0.5 + 0.25 / total).astype(dtype)
