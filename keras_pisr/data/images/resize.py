"""The antialiased bicubic resize that published super-resolution figures are based on.

It reproduces the published low-resolution images of Set5, Set14 and B100, with no pixel different.
Only NumPy is needed; `resize_tf` lives in `resize_graph.py`.

Reference:
    Keys 1981, "Cubic convolution interpolation for digital image processing" (a = -0.5).
"""

from __future__ import annotations

from numbers import Real

import numpy as np

from keras_pisr.data.images.bicubic import BORDERS, bands, exact_dtype, rounding

# Number of elements per block of rows, which then stays in the second-level cache.
_CACHE_ELEMENTS = 1 << 18
# OpenBLAS spreads a product of more multiplications over threads. Here this gains nothing, and it
# takes ten times as long if other processes (such as a training run) keep the cores busy.
_SERIAL_PRODUCT = 1 << 18


def resize(
    image: np.ndarray, size: tuple[int, int], *, antialias: bool = True, border: str = "replicate"
) -> np.ndarray:
    """Bicubic resize to `size`: first all columns, then all rows.

    uint8 images are rounded half up and clipped to 0..255 after each of the two passes; float
    images are neither rounded nor clipped (bicubic overshoots at edges: clip when you need to).

    Args:
        image: `(height, width)`, `(height, width, channels)` or with leading batch dimensions
            `(..., height, width, channels)`; uint8 or float, any range.
        size: `(height, width)` of the result in px.
        antialias: When shrinking, stretch the kernel by the scale. `False` samples with the
            4-tap kernel, which aliases.
        border: How the image continues beyond its edge: `"replicate"` (the edge pixel; Set5, Set14,
            B100) or `"mirror"` (the reflected image; DIV2K's own low-resolution files).

    Returns:
        Array of the same type and number of dimensions.

    Raises:
        ValueError: for another type or shape, an empty size or an unknown border.

    Example:
        >>> import numpy as np
        >>> resize(np.arange(16, dtype="uint8").reshape(4, 4), (2, 2))
        array([[ 3,  4],
               [11, 12]], dtype=uint8)
    """
    image = np.asarray(image)
    height, width = check_arguments(image.shape, image.dtype, size, border)
    shape = image.shape
    image = image.reshape((-1, *shape[-3:]) if len(shape) > 3 else (1, *shape[:2], -1))
    options = {"antialias": antialias, "border": border}
    rows = bands(image.shape[1], height, **options)
    columns = bands(image.shape[2], width, **options)
    result = np.empty((len(image), height, width, image.shape[3]), image.dtype)
    step = max(1, _CACHE_ELEMENTS // max(1, image[0].size))
    for start in range(0, len(image), step):
        part = image[start : start + step]
        middle = part if height == part.shape[1] else _resize_rows(part, rows, height)
        if width == part.shape[2]:
            result[start : start + step] = middle
        else:
            _resize_columns(middle, columns, result[start : start + step])
    tail = shape[-1:] if len(shape) > 2 else ()
    return result.reshape(*shape[:-3], height, width, *tail)


def downscale(image: np.ndarray, scale: int, *, border: str = "replicate") -> np.ndarray:
    """Shrink by a whole factor, as low-resolution benchmark images are made.

    Height and width are first cropped (bottom, right) to a multiple of `scale`.

    Args:
        image: uint8 or float, `(height, width)` or `(..., height, width, channels)`.
        scale: Whole number, 1 or more.
        border: See `resize`.

    Returns:
        `(height // scale, width // scale)` px, same type.

    Raises:
        ValueError: if the image is smaller than `scale` px on a side.
    """
    image = np.asarray(image)
    scale = check_scale(scale)
    if image.ndim < 2:
        raise ValueError(f"Expected an image of 2 dimensions or more; got shape {image.shape}.")
    vertical = 0 if image.ndim == 2 else image.ndim - 3
    height, width = (side // scale for side in image.shape[vertical : vertical + 2])
    if not height or not width:
        raise ValueError(
            f"An image of shape {image.shape} cannot be shrunk by {scale}: each side needs at "
            f"least {scale} px. Leave it out or use a smaller scale."
        )
    crop = (slice(None),) * vertical + (slice(height * scale), slice(width * scale))
    return resize(image[crop], (height, width), border=border)


def upscale(image: np.ndarray, scale: int, *, border: str = "replicate") -> np.ndarray:
    """Enlarge by a whole factor with the same bicubic kernel: the baseline of every table.

    Args:
        image: uint8 or float, `(height, width)` or `(..., height, width, channels)`.
        scale: Whole number, 1 or more.
        border: See `resize`.

    Returns:
        `(height * scale, width * scale)` px, same type.
    """
    image = np.asarray(image)
    scale = check_scale(scale)
    if image.ndim < 2:
        raise ValueError(f"Expected an image of 2 dimensions or more; got shape {image.shape}.")
    vertical = 0 if image.ndim == 2 else image.ndim - 3
    height, width = image.shape[vertical : vertical + 2]
    return resize(image, (height * scale, width * scale), border=border)


def check_arguments(shape, dtype, size, border):
    """Raise the `ValueError`s of `resize`; return `(height, width)` as integers."""
    if len(shape) < 2 or 0 in shape[-3:]:
        raise ValueError(
            "Expected an image (height, width), (height, width, channels) or a batch of these "
            f"with at least one pixel; got shape {tuple(shape)}."
        )
    if dtype != np.uint8 and not np.issubdtype(dtype, np.floating):
        raise ValueError(f"Expected uint8 or float pixels; got {dtype}. Convert them first.")
    if border not in BORDERS:
        raise ValueError(f"Expected border to be one of {BORDERS}; got {border!r}.")
    height, width = (int(side) for side in size)
    if height < 1 or width < 1:
        raise ValueError(f"Expected a size of at least (1, 1) px; got {tuple(size)}.")
    return height, width


def check_scale(scale, least=1):
    """`scale` as an integer; a `ValueError` unless it is a whole number of at least `least`."""
    # The remainder of NaN or infinity is NaN, so these values are refused, too.
    if not isinstance(scale, Real) or scale % 1 != 0 or scale < least:
        raise ValueError(f"Expected scale to be a whole number, {least} or more; got {scale!r}.")
    return int(scale)


def _matrices(axis_bands, dtype):
    # A uint8 image uses the integer weights; a float image uses the weights divided by their sum.
    if dtype == np.uint8:
        work = exact_dtype(axis_bands)
        return work, [b.weights.astype(work) for b in axis_bands]
    work = np.float64 if dtype == np.float64 else np.float32
    return work, [(b.weights / b.total[:, None]).astype(work) for b in axis_bands]


def _store(sums, total, out):
    if out.dtype == np.uint8:
        factor, offset = rounding(total, sums.dtype)
        sums *= factor
        sums += offset
        np.floor(sums, out=sums)
        np.clip(sums, 0, 255, out=sums)
    out[...] = sums


def _resize_rows(images, axis_bands, height):
    n, _, width, channels = images.shape
    flat = images.reshape(n, images.shape[1], width * channels)
    out = np.empty((n, height, width * channels), images.dtype)
    work, matrices = _matrices(axis_bands, images.dtype)
    for band, matrix in zip(axis_bands, matrices, strict=True):
        source = flat[:, band.first : band.last].astype(work)
        sums = np.empty((n, len(matrix), source.shape[2]), work)
        step = max(1, _SERIAL_PRODUCT // matrix.size)
        for left in range(0, source.shape[2], step):
            part = np.s_[:, :, left : left + step]
            np.matmul(matrix, source[part], out=sums[part])
        _store(sums, band.total[:, None], out[:, band.start : band.stop])
    return out.reshape(n, height, width, channels)


def _resize_columns(images, axis_bands, out):
    width, channels = images.shape[2:]
    images, out = images.reshape(-1, width, channels), out.reshape(-1, *out.shape[2:])
    work, matrices = _matrices(axis_bands, images.dtype)
    matrices = [np.ascontiguousarray(matrix.T) for matrix in matrices]
    total = np.concatenate([b.total for b in axis_bands])[:, None]
    step = max(1, _CACHE_ELEMENTS // (2 * width * channels))
    for start in range(0, len(images), step):
        # Each channel is a plane of its own, so that a row is contiguous, as the matrix product
        # needs it.
        planes = images[start : start + step].transpose(0, 2, 1).astype(work, order="C")
        lines = planes.reshape(-1, width)
        sums = np.empty((len(planes), channels, out.shape[1]), work)
        flat = sums.reshape(len(lines), -1)
        for band, matrix in zip(axis_bands, matrices, strict=True):
            rows = max(1, _SERIAL_PRODUCT // matrix.size)
            for top in range(0, len(lines), rows):
                source = lines[top : top + rows, band.first : band.last]
                np.matmul(source, matrix, out=flat[top : top + rows, band.start : band.stop])
        _store(sums.transpose(0, 2, 1).copy(), total, out[start : start + step])
