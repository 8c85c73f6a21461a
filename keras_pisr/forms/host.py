"""The form of a network that Keras runs fast: the same numbers, fewer passes over memory."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from keras_pisr.forms.blocked import BLOCKED, InBlocks
from keras_pisr.forms.leaky import with_leaky
from keras_pisr.models.residual_fsrcnn import SubpixelResidual
from keras_pisr.models.subpixel_deconvolution import SubpixelDeconvolution

# The layers that are known, by exact type, with all arguments except weights that decide what they
# compute.
ARGUMENTS = {
    layers.InputLayer: (),
    layers.Conv2D: (
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "data_format",
        "dilation_rate",
        "groups",
        "activation",
        "use_bias",
    ),
    layers.PReLU: ("shared_axes",),
    layers.ReLU: ("max_value", "negative_slope", "threshold"),
    layers.LeakyReLU: ("negative_slope",),
    layers.Add: (),
    SubpixelDeconvolution: ("scale", "kernel_size"),
    SubpixelResidual: ("scale",),
}


class FewPasses(layers.PReLU):
    """A `PReLU` in three passes over memory; Keras' takes five on TensorFlow and PyTorch.

    Attributes:
        at_most_one: Whether no slope is above 1. Two passes are then enough.
    """

    at_most_one = False

    def call(self, inputs):
        """Apply the slopes."""
        if self.at_most_one:
            return ops.maximum(inputs, self.alpha * inputs)
        return inputs + (self.alpha - 1) * ops.minimum(inputs, 0)


def has_host_form(model: Any) -> bool:
    """Whether `host_form` takes a model.

    Args:
        model: Any object.
    """
    if len(getattr(model, "inputs", None) or ()) != 1 or len(model.outputs) != 1:
        return False
    graph = keras.Model(model.inputs[0], model.outputs[0])
    # A subclass may compute something other than its graph.
    methods = ("call", "predict_step", "predict_on_batch")
    as_graph = all(getattr(type(model), name) is getattr(type(graph), name) for name in methods)
    sequential = type(model) is keras.Sequential
    return (as_graph or sequential) and all(map(_is_known, graph.operations))


def host_form(model: keras.Model) -> keras.Model:
    """A copy of a model that computes the same in float32, faster where Keras runs it.

    - A PReLU with one slope for the layer becomes a leaky ReLU with that slope, which TensorFlow
      computes within the convolution before it.
    - A PReLU with several slopes becomes `max(x, slopes * x)`, or `x + (slopes - 1) * min(x, 0)` if
      one of them is above 1.
    - Convolutions to few channels, such as the last one for x2, are computed in blocks of pixels.

    It is faster on TensorFlow and on PyTorch. On JAX, XLA fuses activations by itself, and blocks
    gain nothing.

    Args:
        model: A functional model for which `has_host_form`. It is not changed.

    Returns:
        `keras.Model` with weights of its own.

    Example:
        >>> student = keras_pisr.models.FSRCNN(scale=2)
        >>> any(type(layer) is keras.layers.PReLU for layer in host_form(student).layers)
        False
    """
    return with_leaky(model, _copy)


def _is_known(layer):
    # Layers with LoRA have other weights than they take, and an activation that is a layer would
    # share its weights.
    lora, activation = getattr(layer, "lora_enabled", False), getattr(layer, "activation", None)
    return type(layer) in ARGUMENTS and not lora and not isinstance(activation, layers.Layer)


def _copy(layer):
    # The configuration is not used: it cannot hold every activation, and making it imports
    # TensorFlow on every backend.
    kind = type(layer)
    arguments = {name: getattr(layer, name) for name in ARGUMENTS[kind]}
    if kind in BLOCKED:
        # If weights were drawn only to be overwritten, a program's later draws would change.
        arguments["kernel_initializer"] = "zeros"
    kind = FewPasses if kind is layers.PReLU else BLOCKED.get(kind, kind)
    copy = kind(**arguments, name=layer.name, dtype="float32")
    if kind is FewPasses:
        copy.at_most_one = bool(np.max(layer.get_weights()[0]) <= 1)
    if isinstance(copy, InBlocks):
        copy.any_size = True
    return copy
