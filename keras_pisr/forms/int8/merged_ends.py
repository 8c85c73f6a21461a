"""Merges the two ends of a residual network, so that 8 bit rounds their sum only once."""

import keras
import numpy as np
from keras import layers

from keras_pisr.forms.blocked import BlockedConv2D
from keras_pisr.forms.int8.equalization import equalize_channels, free_channels, is_plain_relu
from keras_pisr.forms.int8.pixel_layers import WithPixels
from keras_pisr.forms.int8.rounding import is_plain
from keras_pisr.models import SubpixelResidual


def merged_ends(model, lumas):
    """Replace the sum of two convolutions at the end of a network by one convolution.

    In 8 bit, `conv(features) + conv(pixels)` takes two roundings of numbers as large as the image,
    and a third rounding of their sum. One convolution that reads the features and the pixels adds
    in 32 bit and rounds once. Features and pixels need the same scale for this, so the features are
    scaled to `[0, 1]`; the convolutions around them compensate for this.

    Args:
        model: A `deployed_form`; its channels are equalized and its features scaled in place.
        lumas: Batches of float32 `(batch, height, width, 1)`, from which the range of the features
            is taken.

    Returns:
        A model that shares layers with `model`. If `model` does not end in a `SubpixelResidual` of
        two convolutions, one of the image and one of features after ReLUs, `model` itself.
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
    """A kernel padded with zeros on all sides to `size` x `size`."""
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
    """Whether a tensor has no values below zero: the output of a ReLU, or a sum of such outputs."""
    operation = tensor._keras_history.operation
    if isinstance(operation, layers.Add):
        return all(map(_is_positive, operation.input))
    return is_plain_relu(operation)
