"""The two ends of a residual network as one convolution, so that 8 bit rounds their sum once."""

import keras
import numpy as np
from keras import layers

from keras_pisr.forms.blocked import BlockedConv2D
from keras_pisr.forms.int8.equalization import equalize_channels, free_channels, is_plain_relu
from keras_pisr.forms.int8.rounding import is_plain
from keras_pisr.models import SubpixelResidual


@keras.saving.register_keras_serializable(package="keras_pisr")
class WithPixels(layers.Concatenate):
    """Puts the pixels of the image beside features in `[0, 1]`, in one tensor.

    All of its channels have the 8-bit scale of a pixel, 1/255, so nothing is rounded again.
    """


def merged_ends(model, lumas):
    """The same network with one convolution where it ended in the sum of two.

    `conv(features) + conv(pixels)` costs 8 bit two roundings of numbers as large as the image, and
    a third one of their sum. One convolution that reads the features and the pixels adds up in 32
    bit and rounds once. Both have to have the same scale for that, so the features are scaled to
    `[0, 1]`, which the convolutions around them make up for.

    Args:
        model: A `deployed_form`; its channels are equalized and its features scaled in place.
        lumas: float32 `(batch, height, width, 1)` that the range of the features is taken from.

    Returns:
        A model that shares layers with `model`; `model` itself where it does not end in a
        `SubpixelResidual` of two convolutions, one of the image and one of features that ReLUs
        made.
    """
    found = _ends(model)
    if found is None:
        return model
    last, residual, linear, (makers, _, readers) = found
    equalize_channels(model, lumas)
    features = keras.Model(model.inputs[0], residual.input)
    largest = max(features.predict_on_batch(luma).max() for luma in lumas)
    for layer in makers:
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel / largest, bias / largest])
    for layer in readers:
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel * largest, bias])

    kernels, biases = zip(*(layer.get_weights() for layer in (residual, linear)), strict=True)
    size = max(len(kernel) for kernel in kernels)
    kernel = np.concatenate([_centred(kernel, size) for kernel in kernels], axis=2)
    both = BlockedConv2D(kernel.shape[3], size, padding="same", name=f"{residual.name}_and_pixels")
    beside = WithPixels(name="features_and_pixels")([residual.input, model.inputs[0]])
    pixels = type(last).from_config(last.get_config())(both(beside))
    both.set_weights([kernel, sum(biases)])
    return keras.Model(model.inputs[0], pixels, name=model.name)


def _centred(kernel, size):
    """A kernel in the middle of zeros, `size` x `size`."""
    margin = (size - len(kernel)) // 2
    return np.pad(kernel, ((margin, margin), (margin, margin), (0, 0), (0, 0)))


def _ends(model):
    """The last layer, its two convolutions and the channels that the first one reads, or None."""
    last = model.outputs[0]._keras_history.operation
    if not isinstance(last, SubpixelResidual) or not isinstance(last.input, list):
        return None
    ends = [tensor._keras_history.operation for tensor in last.input]
    if not all(is_plain(layer) and layer.kernel_size[0] % 2 for layer in ends):
        return None
    ends.sort(key=lambda layer: layer.input is model.inputs[0])
    residual, linear = ends
    if linear.input is not model.inputs[0] or not _is_positive(residual.input):
        return None
    groups = [group for group in free_channels(model) if residual in group[2]]
    return (last, residual, linear, groups[0]) if groups else None


def _is_positive(tensor):
    """Whether a tensor has no values below zero: a ReLU's, or a sum of such."""
    operation = tensor._keras_history.operation
    if isinstance(operation, layers.Add):
        return all(map(_is_positive, operation.input))
    return is_plain_relu(operation)
