"""Reads inner layers of a functional model in the same pass as its output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

if TYPE_CHECKING:
    from collections.abc import Sequence


def tap(model: keras.Model, layer_names: Sequence[str], *, output: bool = True) -> keras.Model:
    """A model that returns the outputs of `layer_names` and the output of `model`.

    Args:
        model: A functional or Sequential Keras model; its weights are shared, not copied.
        layer_names: Names of layers of `model`.
        output: Whether to return the output of `model`, too. Without it, layers that only this
            output needs are not run.

    Returns:
        A Keras model with the inputs of `model` whose output is the dict
        `{"output": ..., layer_name: ...}`.

    Raises:
        ValueError: If `model` has no graph to read from, several outputs, or no layer of that
            name.

    Example:
    >>> tapped = keras_pisr.models.tap(keras_pisr.models.FSRCNN(scale=2), ["expanding"])
    >>> tuple(tapped(np.zeros((1, 8, 8, 1)))["expanding"].shape)
    (1, 8, 8, 56)
    """
    if not getattr(model, "inputs", None):
        raise ValueError(
            f"Cannot read features of {model.name!r}: a subclassed model has no graph, and a "
            "Sequential one has none before it is built. Build it as a functional model, or as a "
            "Sequential one that begins with a `keras.Input`."
        )
    if output and len(model.outputs) != 1:
        raise ValueError(
            f"Expected a model with one output, the image; {model.name!r} has "
            f"{len(model.outputs)}. Select the image: keras.Model(model.inputs, image)."
        )
    outputs = {"output": model.outputs[0]} if output else {}
    known = [layer.name for layer in model.layers]
    for name in layer_names:
        if name not in known:
            raise ValueError(f"{model.name!r} has no layer {name!r}. It has: {', '.join(known)}.")
        outputs[name] = model.get_layer(name).output
    # A model that was built from a list of one input warns if it is called with a tensor.
    inputs = model.inputs[0] if len(model.inputs) == 1 else model.inputs
    return keras.Model(inputs, outputs, name=f"{model.name}_tapped")
