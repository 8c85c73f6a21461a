"""Counts the arithmetic of a model from its graph."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import keras
from keras import layers

from keras_pisr.models.bicubic_enlargement import BicubicEnlargement
from keras_pisr.models.subpixel_deconvolution import SubpixelDeconvolution

if TYPE_CHECKING:
    from collections.abc import Sequence


COUNTED = (
    layers.Conv2D,
    layers.DepthwiseConv2D,
    layers.Dense,
    SubpixelDeconvolution,
    BicubicEnlargement,
)


def multiply_accumulates(model: keras.Model, input_shape: Sequence[int]) -> int:
    """Multiply-accumulates of the convolutions and dense layers of a functional model.

    Batch normalisation, activations and pooling are not counted: a converter folds the first, and
    papers leave out the others. Other layers that multiply, and models inside the model, are
    refused, so that they do not count as zero.

    Args:
        model: A functional model with one input.
        input_shape: `(height, width, channels)` of one image.

    Returns:
        An integer, for a batch of one.

    Raises:
        ValueError: If a layer multiplies but its kind is not counted here.

    Example:
        >>> model = keras_pisr.models.ResNet(10, blocks=(1, 1, 1))
        >>> keras_pisr.models.multiply_accumulates(model, (32, 32, 3))
        12501632
    """
    for layer in model.layers:
        multiplies = hasattr(layer, "kernel") or isinstance(layer, keras.Model)
        if multiplies and not isinstance(layer, COUNTED):
            raise ValueError(
                f"The layer {layer.name!r} ({type(layer).__name__}) multiplies, but this count "
                f"knows only {', '.join(kind.__name__ for kind in COUNTED)}. Count a nested model "
                "by itself."
            )
    total = 0

    def call(layer, *args, **kwargs):
        # A layer that is called several times, as in CARN-M, counts once per call.
        nonlocal total
        outputs = layer(*args, **kwargs)
        if isinstance(layer, COUNTED):
            total += cost_of(layer, args[0].shape, outputs.shape)
        return outputs

    graph = keras.Model(model.inputs[0], model.outputs)
    inputs = keras.Input(batch_shape=(1, *input_shape))
    keras.models.clone_model(graph, input_tensors=inputs, call_function=call)
    return total


def cost_of(layer, inputs, outputs):
    """Multiply-accumulates of one call of a layer, from the shapes of its input and output."""
    if isinstance(layer, layers.DepthwiseConv2D):
        return math.prod(outputs) * math.prod(layer.kernel_size)
    if isinstance(layer, SubpixelDeconvolution):
        # Each LR value is multiplied by each tap once, as in a transposed convolution.
        return math.prod(inputs) * layer.kernel_size**2
    # The last axis of a kernel is the output channels; the sum is over the other axes.
    taps = math.prod(layer.kernel.shape[:-1])
    return math.prod(outputs) * taps
