"""Scales channels to similar ranges, so that one 8-bit scale per tensor suits them all."""

import keras
import numpy as np
from keras import layers

from keras_pisr.forms.int8.pixel_layers import WholeAndRest
from keras_pisr.forms.leaky import Leaky
from keras_pisr.models import SubpixelDeconvolution, SubpixelResidual

# Largest factor of a channel: a channel that is silent on the calibration images may not be silent
# on others.
MOST = 1000.0

# Values below zero are weighted by this power of the activation's slope, which is taken as at least
# LEAST_SLOPE. Among the powers 0, 1/4, 1/2, 3/4 and 1, this one was the best or within 0.5 dB of
# the best for three FSRCNNs whose int8 form was compared with the float one, and about the best of
# four for a ReLU network.
POWER, LEAST_SLOPE = 0.25, 1e-4


def equalize_channels(model, lumas):
    """Scale the channels between convolutions to one range, without changing the output.

    ReLUs, leaky or not, commute with positive factors. A channel's factor can therefore be put into
    one convolution and its inverse into the next. The 8-bit scale of a tensor then fits the
    channels that carry the image as well as those that carry details. Tensors that are added to
    each other get the same factors.

    The activation multiplies values below zero by its slope, so they count for less than values
    above zero: nearly nothing before a ReLU.

    Only networks of convolutions, such activations and sums are changed, with or without a
    `SubpixelResidual` at the end. Other models are returned unchanged.

    Args:
        model: A `deployed_form`, changed in place.
        lumas: float32 `(batch, height, width, 1)` that the ranges are taken from.

    Returns:
        `model`.

    Reference:
        Nagel et al. 2019, "Data-free quantization through weight equalization and bias
        correction", https://arxiv.org/abs/1906.04721. They equalize ranges of weights; here
        weights have one scale per channel, and the ranges are those of activations.
    """
    for makers, sums, readers in free_channels(model):
        ranges = 0.0
        for layer in (*makers, *sums):
            output = keras.Model(model.inputs[0], layer.output)
            below = _weight_below_zero(model, layer)
            seen = [_ranges(output.predict_on_batch(luma), below) for luma in lumas]
            ranges = np.maximum(ranges, np.max(seen, axis=0))
        factors = np.maximum(ranges / max(ranges.max(), 1e-12), 1 / MOST)
        for layer in makers:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel / factors, bias / factors])
        for layer in readers:
            kernel, bias = layer.get_weights()
            # The last layer of FSRCNN keeps a transposed kernel, with its input channels last.
            transposed = isinstance(layer, SubpixelDeconvolution)
            layer.set_weights([kernel * (factors if transposed else factors[:, None]), bias])
    return model


def free_channels(model):
    """Channels that may be scaled: those between convolutions, in one group if they are added.

    Args:
        model: A `deployed_form`.

    Returns:
        List of `(makers, sums, readers)`: the convolutions that make a group's tensors, the sums of
        them, and the convolutions that read them. It is empty if the model has an operation that
        does not commute with factors or is not known.
    """
    groups = {}  # Maps a tensor to its group, a list that all tensors of the group share.
    for layer in model.operations:
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        if isinstance(layer, layers.InputLayer | WholeAndRest):
            made = {"fixed": True, "makers": [], "sums": [], "readers": []}
        elif _is_plain_convolution(layer) or isinstance(layer, SubpixelDeconvolution):
            groups[id(inputs[0])]["readers"].append(layer)
            made = {"fixed": False, "makers": [layer], "sums": [], "readers": []}
        elif _is_relu(layer):
            made = groups[id(inputs[0])]
        elif isinstance(layer, layers.Add):
            made = {"fixed": False, "makers": [], "sums": [layer], "readers": []}
            for before in {id(groups[id(x)]): groups[id(x)] for x in inputs}.values():
                made = {key: made[key] + before[key] for key in made}
            joined = [id(groups[id(x)]) for x in inputs]
            for tensor, group in groups.items():
                groups[tensor] = made if id(group) in joined else group
        elif isinstance(layer, SubpixelResidual):
            for tensor in inputs:
                groups[id(tensor)]["fixed"] = True
            made = {"fixed": True, "makers": [], "sums": [], "readers": []}
        else:
            return []
        groups[id(layer.output)] = made
    groups[id(model.outputs[0])]["fixed"] = True
    free = {id(group): group for group in groups.values() if not group["fixed"]}
    return [(x["makers"], x["sums"], x["readers"]) for x in free.values()]


def _ranges(values, below):
    return np.maximum(values, -below * values).max((0, 1, 2))


def _weight_below_zero(model, layer):
    """Weight of values below zero: of the layer or of each channel; 1 if no activation follows."""
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


def _is_plain_convolution(layer):
    return (
        isinstance(layer, layers.Conv2D)
        and layer.activation is keras.activations.linear
        and layer.use_bias
        and layer.groups == 1
    )


def _is_relu(layer):
    return is_plain_relu(layer) or isinstance(layer, Leaky | layers.PReLU)


def is_plain_relu(layer):
    """Whether a layer is a ReLU that commutes with positive factors: one without a ceiling."""
    return isinstance(layer, layers.ReLU) and layer.max_value is None and not layer.threshold
