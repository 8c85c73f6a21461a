"""What a model costs to run, counted from its graph."""

import math

import keras
from keras import layers


def multiply_accumulates(model, input_shape):
    """Multiply-accumulates of the convolutions and dense layers of a functional model.

    Batch normalisation, activations and pooling are not counted: a converter folds the first,
    and papers leave out the others. A layer of another kind that multiplies is refused rather
    than counted as nothing, and so is a model inside the model.

    Args:
        model: A functional model with one input.
        input_shape: `(height, width, channels)` of one image.

    Returns:
        An integer, for a batch of one.

    Raises:
        ValueError: If a layer multiplies but is of no kind counted here.

    Example:
        >>> model = keras_pisr.models.ResNet(10, blocks=(1, 1, 1))
        >>> keras_pisr.models.multiply_accumulates(model, (32, 32, 3))
        12501632
    """
    counted = [x for x in model.layers if hasattr(x, "kernel") or isinstance(x, keras.Model)]
    for layer in counted:
        if not isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense):
            raise ValueError(
                f"The layer {layer.name!r} ({type(layer).__name__}) multiplies, but this count "
                "knows only Conv2D, DepthwiseConv2D and Dense. Count a nested model by itself."
            )
    shapes = keras.Model(model.inputs, [x.output for x in counted]).compute_output_shape(
        (1, *input_shape)
    )
    total = 0
    for layer, shape in zip(counted, shapes, strict=True):
        if isinstance(layer, layers.DepthwiseConv2D):
            total += math.prod(shape) * math.prod(layer.kernel_size)
        else:
            # A kernel's last axis is the output channels; the rest is summed over.
            total += math.prod(shape) * math.prod(layer.kernel.shape[:-1])
    return total
