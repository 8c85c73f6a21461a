"""Channels of like range, so that one 8-bit scale a tensor suits them all."""

import keras
import numpy as np
from keras import layers

from keras_pisr.forms.leaky import Leaky
from keras_pisr.models import SubpixelDeconvolution, SubpixelResidual

# A channel is enlarged at most so many times: one that is silent on the calibration images may
# not be on others.
MOST = 1000.0

# What is below zero counts by this power of the activation's slope, of which there is at least so
# much: among the powers 0, 1/4, 1/2, 3/4 and 1 the best or within 0.5 dB of it for three FSRCNNs
# whose int8 form was compared with the float one, and about the best of four for a ReLU network.
POWER, LEAST_SLOPE = 0.25, 1e-4


def equalize_channels(model, lumas):
    """Scale the channels between convolutions to one range, without changing the output.

    ReLUs, leaky or not, commute with positive factors, so a channel's factor can be put into one
    convolution and its inverse into the next. The 8-bit scale of a tensor then fits the
    channels that carry the image as well as those that carry details.

    What is below zero, which the activation multiplies by its slope, counts for less than what is
    above: nearly nothing before a ReLU.

    Only a plain chain of convolutions and such activations is changed, with or without a
    `SubpixelResidual` at its end; other models are returned as they are.

    Args:
        model: A `deployed_form`, changed in place.
        lumas: float32 `(batch, height, width, 1)` that the ranges are taken from.

    Returns:
        `model`.

    Reference:
        Nagel et al. 2019, "Data-free quantization through weight equalization and bias
        correction", https://arxiv.org/abs/1906.04721. They equalize ranges of weights; here
        weights have a scale a channel, and the ranges are those of activations.
    """
    # Operations, not layers: these leave out the `x + y` of a branch.
    if not _is_chain(model.operations):
        return model
    weighted = [layer for layer in model.layers if layer.get_weights() and not _is_relu(layer)]
    for layer, following in zip(weighted, weighted[1:], strict=False):
        output = keras.Model(model.inputs[0], layer.output)
        below = _weight_below_zero(model, layer)
        ranges = np.max([_ranges(output.predict_on_batch(x), below) for x in lumas], axis=0)
        factors = np.maximum(ranges / max(ranges.max(), 1e-12), 1 / MOST)
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel / factors, bias / factors])
        kernel, bias = following.get_weights()
        # The last layer keeps a transposed kernel, with its input channels last.
        transposed = isinstance(following, SubpixelDeconvolution)
        following.set_weights([kernel * (factors if transposed else factors[:, None]), bias])
    return model


def _ranges(values, below):
    return np.maximum(values, -below * values).max((0, 1, 2))


def _weight_below_zero(model, layer):
    """1 where no activation follows; else of the layer, or of each channel."""
    activations = [x for x in model.layers if _is_relu(x) and x.input is layer.output]
    if not activations:
        return 1.0
    (activation,) = activations
    slope = activation.slope if isinstance(activation, Leaky) else 0.0
    if isinstance(activation, layers.ReLU):
        slope = activation.negative_slope
    if isinstance(activation, layers.PReLU):
        (slope,) = activation.get_weights()
    return np.maximum(np.abs(slope), LEAST_SLOPE) ** POWER


def _is_chain(sequence):
    for before, layer in zip(sequence, sequence[1:], strict=False):
        plain_convolution = (
            isinstance(layer, layers.Conv2D)
            and layer.activation is keras.activations.linear
            and layer.use_bias
            and layer.groups == 1
        )
        last = isinstance(layer, SubpixelDeconvolution | SubpixelResidual)
        inputs = layer.input[0] if isinstance(layer, SubpixelResidual) else layer.input
        known = plain_convolution or _is_relu(layer) or last
        if not known or inputs is not before.output:
            return False
    return True


def _is_relu(layer):
    # A ReLU of Keras may have a ceiling, which would not commute.
    plain = isinstance(layer, layers.ReLU) and layer.max_value is None and not layer.threshold
    return plain or isinstance(layer, Leaky | layers.PReLU)
