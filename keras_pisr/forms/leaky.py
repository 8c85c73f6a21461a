"""ReLUs with a fixed slope, which runtimes merge into the convolution before them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable(package="keras_pisr")
class Leaky(layers.Layer):
    """`max(x, 0) + slope * min(x, 0)` with a fixed slope of any sign.

    Keras' own `LeakyReLU` refuses the negative slopes that a PReLU may have learnt.

    Args:
        slope: Slope for negative inputs.
        **kwargs: Passed on to `keras.layers.Layer`.
    """

    def __init__(self, slope: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.slope = slope

    def call(self, inputs: Any) -> Any:
        """Apply the slope."""
        return ops.leaky_relu(inputs, self.slope)

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {**super().get_config(), "slope": self.slope}


def same_operation(operation):
    """A copy of an operation that is no layer, such as `x + y`."""
    return type(operation).from_config(operation.get_config())


def with_leaky(model, copy, operation=same_operation):
    """A copy of a model whose PReLUs with one slope per layer, and leaky ReLUs, are `Leaky`.

    They compute in float32.

    Args:
        model: A functional Keras model with one input and one output. It is not changed.
        copy: Function from any other layer to a layer like it, which is given its weights. If only
            the copy has a bias, it is zero.
        operation: Function from an operation that is no layer to its replacement.

    Returns:
        `keras.Model` with weights of its own.
    """
    plain, copies = keras.Model(model.inputs[0], model.outputs[0]), {}

    def made(layer):
        if not isinstance(layer, layers.Layer):
            return operation(layer)
        if isinstance(layer, layers.PReLU) and np.size(layer.get_weights()[0]) == 1:
            slope = float(layer.get_weights()[0].item())
            return Leaky(slope, name=layer.name, dtype="float32")
        if isinstance(layer, layers.LeakyReLU):
            return Leaky(layer.negative_slope, name=layer.name, dtype="float32")
        copies[layer.name] = copy(layer)
        return copies[layer.name]

    leaky = keras.models.clone_model(plain, clone_function=made)
    for name, layer in copies.items():
        weights = plain.get_layer(name).get_weights()
        missing = [np.zeros(weight.shape) for weight in layer.weights[len(weights) :]]
        layer.set_weights(weights + missing)
    return leaky
