"""The same bicubic resize inside a TensorFlow graph, for `tf.data` pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keras_pisr.data.images.bicubic import bands, exact_dtype, rounding
from keras_pisr.data.images.resize import check_arguments, resize

if TYPE_CHECKING:
    import tensorflow as tf


def resize_tf(
    images: Any, size: tuple[int, int], *, antialias: bool = True, border: str = "replicate"
) -> tf.Tensor:
    """`resize` as TensorFlow operations: uint8 results are equal bit for bit.

    If height and width are known when the graph is built, the resize is a few matrix products over
    the whole batch. If they are not (images of many sizes in one dataset), the graph calls the
    NumPy form. Both run on the CPU, as `tf.data` does, because the reduced precision of products on
    GPUs would change the rounding.

    Args:
        images: Tensor `(height, width)` or `(..., height, width, channels)`, uint8 or float.
        size: `(height, width)` of the result in px, Python integers.
        antialias: See `resize`.
        border: See `resize`.

    Returns:
        Tensor of the same type and rank.

    Raises:
        ValueError: as `resize`, or if the rank is not known.

    Example:
        >>> dataset = dataset.map(lambda hr: (resize_tf(hr, (32, 32)), hr))  # doctest: +SKIP
    """
    import tensorflow as tf

    images = tf.convert_to_tensor(images)
    if images.shape.rank is None:
        raise ValueError("Expected images of known rank; call `images.set_shape` first.")
    known = [1 if side is None else side for side in images.shape]
    height, width = check_arguments(known, images.dtype.as_numpy_dtype, size, border)
    axis = max(images.shape.rank - 3, 0)
    n_in = images.shape[axis : axis + 2]
    options: dict[str, Any] = {"antialias": antialias, "border": border}
    lead, tail = images.shape[:axis], images.shape[axis + 2 :]
    with tf.device("/CPU:0"):
        if None in tuple(n_in):
            result = tf.numpy_function(
                lambda array: resize(array, (height, width), **options), [images], images.dtype
            )
        else:
            channels = tf.reduce_prod(tf.shape(images)[axis + 2 :])
            x = tf.reshape(images, tf.stack([-1, n_in[0], n_in[1] * channels]))
            x = _matmul(tf, x, n_in[0], height, options, left=True)
            x = tf.reshape(x, tf.stack([-1, n_in[1], channels]))
            x = tf.reshape(tf.transpose(x, (0, 2, 1)), (-1, n_in[1]))
            x = _matmul(tf, x, n_in[1], width, options, left=False)
            x = tf.transpose(tf.reshape(x, tf.stack([-1, channels, width])), (0, 2, 1))
            shape = tf.shape(images)
            result = tf.reshape(x, tf.concat([shape[:axis], (height, width), shape[axis + 2 :]], 0))
    result.set_shape(lead.concatenate((height, width)).concatenate(tail))
    return result


def _matmul(tf, x, n_in, n_out, options, *, left):
    # Resizes one axis: `weights @ x` along the rows, or `x @ weights.T` along the columns.
    if n_in == n_out:
        return x
    axis_bands = bands(n_in, n_out, block=64, **options)
    exact = x.dtype == tf.uint8
    as_given = np.float64 if x.dtype == tf.float64 else np.float32
    work = exact_dtype(axis_bands) if exact else as_given
    source, parts = tf.cast(x, work), []
    for band in axis_bands:
        total = band.total[:, None] if left else band.total
        weights = band.weights if exact else band.weights / band.total[:, None]
        if left:
            sums = tf.matmul(weights.astype(work), source[:, band.first : band.last])
        else:
            sums = tf.matmul(source[:, band.first : band.last], weights.T.astype(work))
        if exact:
            factor, offset = rounding(total, work)
            sums = tf.clip_by_value(tf.floor(sums * factor + offset), 0, 255)
        parts.append(tf.cast(sums, x.dtype))
    return tf.concat(parts, axis=1)
