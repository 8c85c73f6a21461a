"""Rounds weights to 8 bit so that the errors cancel on images."""

import keras
import numpy as np
from keras import layers
from numpy.lib.stride_tricks import sliding_window_view

from keras_pisr.models import SubpixelDeconvolution

LEVELS = 127  # TFLite's 8-bit weights are -127 to 127 times the channel's scale.
PATCHES = 600  # Per image. The widest kernel of FSRCNN reads 1400 values, so 20 images are enough.
DAMPING = 1e-6  # Share of the mean power that is added, so that the factorisation exists.


def round_weights(model, lumas):
    """Round the kernels of convolutions to 8 bit, one weight after the other.

    If each weight is rounded to the nearest level, the errors add up over neighbouring pixels,
    which are nearly equal: a trained FSRCNN x2 loses decibels. Here, after each weight is rounded,
    the weights that are not yet rounded change so as to compensate best for the error on the
    images. Biases compensate for the error that is left on average. The largest weight of each
    output channel comes first and does not change, so that the converter finds the same grid again.

    Layers other than `Conv2D` of stride 1 and `SubpixelDeconvolution` do not change. Memory grows
    with the square, and time with the cube, of the number of inputs that a kernel reads; FSRCNN
    takes seconds.

    Args:
        model: A `deployed_form`, changed in place.
        lumas: float32 `(batch, height, width, 1)` on which errors are to cancel.

    Returns:
        `model`.

    Reference:
        Frantar et al. 2022, "GPTQ: accurate post-training quantization for generative
        pre-trained transformers", https://arxiv.org/abs/2210.17323. The paper takes weights in the
        order of the columns; here the largest weight comes first, then the others by the power of
        their input.
    """
    for layer in model.layers:
        if isinstance(layer, SubpixelDeconvolution):
            # A shifted grid reads one more block, as in the layer's `call`.
            kernel = keras.ops.convert_to_numpy(layer.subpixel_kernel())
            padding = -layer.first, layer.last + (1 if layer.shift else 0)
            rounded, shift = _rounded(model, layer, kernel, padding, lumas)
            _, bias = layer.get_weights()
            layer.set_weights([transposed_kernel(layer, rounded), bias + shift.mean()])
        elif is_plain(layer):
            kernel, bias = layer.get_weights()
            padding = (layer.kernel_size[0] - 1) // 2, layer.kernel_size[0] // 2
            rounded, shift = _rounded(model, layer, kernel, padding, lumas)
            layer.set_weights([rounded, bias + shift])
    return model


def round_columns(weights, second_moment):
    """Round a matrix column by column so that `inputs @ weights` changes least.

    Args:
        weights: `(inputs, outputs)`. Zeros stay zeros.
        second_moment: `(inputs, inputs)`: mean of `input_i * input_j`.

    Returns:
        float64 `(inputs, outputs)`: whole multiples, -127 to 127, of each column's largest
        magnitude over 127.
    """
    rounded = np.zeros(weights.shape)
    power = np.diag(second_moment)
    for column, result in zip(weights.T.astype("float64"), rounded.T, strict=True):
        order = np.flatnonzero(column)
        if order.size == 0:
            continue
        largest = order[np.argmax(np.abs(column[order]))]
        order = order[np.lexsort((-power[order], order != largest))]
        moment = second_moment[np.ix_(order, order)]
        moment = moment + DAMPING * max(power.mean(), 1e-12) * np.eye(order.size)
        # Row i of this factor says how the weights after i compensate for an error at i.
        factor = np.linalg.cholesky(np.linalg.inv(moment)).T
        values = column[order]
        step = np.abs(values[0]) / LEVELS
        for i in range(order.size):
            level = np.clip(np.rint(values[i] / step), -LEVELS, LEVELS)
            error = (values[i] - level * step) / factor[i, i]
            values[i:] -= error * factor[i, i:]
            values[i] = level * step
        result[order] = values
    return rounded


def transposed_kernel(layer, kernel):
    """The inverse of `SubpixelDeconvolution.subpixel_kernel`, weight by weight.

    Args:
        layer: A built `SubpixelDeconvolution`. It is not changed.
        kernel: `(n, n, channels, scale**2)`, as for a convolution. Its padding is dropped.

    Returns:
        The kernel that is the layer's first weight, float64.
    """
    weights = layer.get_weights()
    # Numbers instead of weights show where each one goes; padding gets number 0.
    numbers = np.arange(1, weights[0].size + 1, dtype="float32").reshape(weights[0].shape)
    layer.set_weights([numbers, weights[1]])
    places = keras.ops.convert_to_numpy(layer.subpixel_kernel()).astype(int)
    layer.set_weights(weights)
    flat = np.zeros(weights[0].size + 1)
    flat[places.ravel()] = kernel.ravel()
    return flat[1:].reshape(weights[0].shape)


def _rounded(model, layer, kernel, padding, lumas):
    """The rounded kernel, and by how much its output is too small on average."""
    size, channels = kernel.shape[0], kernel.shape[3]
    before = keras.Model(model.inputs[0], layer.input)
    rng = np.random.default_rng(0)
    moment, mean, count = 0.0, 0.0, 0
    for luma in lumas:
        inputs = before.predict_on_batch(luma)
        inputs = np.pad(inputs, ((0, 0), padding, padding, (0, 0)))
        windows = sliding_window_view(inputs, (size, size), axis=(1, 2))
        windows = windows.transpose(0, 1, 2, 4, 5, 3)
        places = windows.shape[:3]
        chosen = rng.permutation(np.prod(places))[:PATCHES]
        patches = windows[np.unravel_index(chosen, places)].reshape(len(chosen), -1)
        patches = patches.astype("float64")
        moment, mean = moment + patches.T @ patches, mean + patches.sum(axis=0)
        count += len(chosen)
    weights = kernel.reshape(-1, channels)
    rounded = round_columns(weights, moment / count)
    return rounded.reshape(kernel.shape), mean / count @ (weights - rounded)


def is_plain(layer):
    """Whether a layer is a square convolution of stride 1 with a bias, and nothing else."""
    return (
        isinstance(layer, layers.Conv2D)
        and layer.kernel_size[0] == layer.kernel_size[1]
        and (layer.strides, layer.dilation_rate) == ((1, 1), (1, 1))
        and (layer.groups, layer.padding, layer.use_bias) == (1, "same", True)
    )
