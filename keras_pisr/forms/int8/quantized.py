"""A network in the form in which an 8-bit file computes it, to be trained or exported."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from keras_pisr.console.stages import tell
from keras_pisr.forms.int8.equalization import equalize_channels
from keras_pisr.forms.int8.fake_quant import FAKE_QUANT_FORMS, FakeQuant
from keras_pisr.forms.int8.fine_pixels import fine_pixels
from keras_pisr.forms.int8.merged_ends import merged_ends
from keras_pisr.forms.int8.pixel_layers import WholeAndRest, WithPixels
from keras_pisr.forms.int8.rerun import Rerun
from keras_pisr.forms.int8.rounding import round_weights
from keras_pisr.forms.leaky import Leaky
from keras_pisr.forms.phone import deployed_form
from keras_pisr.models import SubpixelResidual

# Activations that may be part of a convolution.
ACTIVATIONS = (keras.activations.linear, keras.activations.relu)
# Shares of the observed range that are tried.
SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)


def is_quantized(model):
    """Whether a model is a `quantized_form`."""
    return any(isinstance(layer, FakeQuant) for layer in getattr(model, "layers", ()))


def check_backend(model):
    """Raise a `ValueError` if the backend is not TensorFlow, which a `quantized_form` needs."""
    if is_quantized(model) and keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"{model.name!r} rounds as an 8-bit file does, which needs the TensorFlow backend; "
            f"this is {keras.backend.backend()}. Set KERAS_BACKEND=tensorflow."
        )


def can_be_quantized(model):
    """Whether `quantized_form` knows every operation of a `deployed_form`."""
    return all(map(_is_known, model.operations))


def quantized_form(model: keras.Model) -> keras.Model:
    """A copy of a luma network whose weights and tensors are rounded as in an 8-bit file.

    Its output is that of the file, to the last level. The two ends have the ranges of pixels; all
    other ranges are 0 to 1 until `settle_ranges` sets them. Train the copy like any Keras model,
    with `fit` or as the student of a distiller. Then `to_tflite(..., precision="int8")` stores the
    trained weights and ranges.

    Tensors are rounded after every layer, except between a convolution and its ReLU, which are one
    operation in a file. Layers keep their names, so that the same features can be distilled.

    Args:
        model: A functional model of convolutions, (leaky, one-slope parametric) ReLUs, sums,
            `SubpixelDeconvolution` and `SubpixelResidual`. It is not changed.

    Returns:
        `keras.Model` with weights of its own.

    Raises:
        ValueError: If a layer has no such form.

    Example:
        >>> in_8_bit = quantized_form(student)  # doctest: +SKIP
    """
    deployed = deployed_form(model)
    if not can_be_quantized(deployed):
        unknown = {_told(x) for x in deployed.operations if not _is_known(x)}
        raise ValueError(
            f"{model.name!r} holds {', '.join(sorted(unknown))}, which have no layer that "
            "rounds like 8 bit. Build the network of Conv2D, ReLU, LeakyReLU, Add, "
            "SubpixelDeconvolution and SubpixelResidual."
        )
    by_next = {
        layer.input._keras_history.operation.name
        for layer in deployed.operations
        if isinstance(layer, layers.ReLU | SubpixelResidual) and not isinstance(layer.input, list)
    }
    as_pixels = {
        tensor._keras_history.operation.name
        for layer in deployed.operations
        if isinstance(layer, WithPixels)
        for tensor in layer.input
    }
    pixels = {}  # The input, rounded, for each layer that reads it.

    def copy(layer):
        if isinstance(layer, Leaky):
            return Leaky(round(layer.slope * 256) / 256, name=layer.name)
        kind = next((k for k in FAKE_QUANT_FORMS if isinstance(layer, k)), None)
        return FAKE_QUANT_FORMS.get(kind, type(layer)).from_config(layer.get_config())

    def rounded_input(tensor):
        if isinstance(tensor, list):
            return [rounded_input(one) for one in tensor]
        if not isinstance(tensor._keras_history.operation, layers.InputLayer):
            return tensor
        if id(tensor) not in pixels:
            pixels[id(tensor)] = FakeQuant(0, 1, trainable=False, name="pixels_levels")(tensor)
        return pixels[id(tensor)]

    def call(layer, inputs, **kwargs):
        fine = isinstance(layer, WholeAndRest)
        outputs = layer(inputs if fine else rounded_input(inputs), **kwargs)
        if layer.name in by_next or isinstance(layer, SubpixelResidual | WithPixels):
            return outputs
        if isinstance(layer, Leaky):
            # The levels are those before the layer, because XNNPACK multiplies by the ratio of the
            # two in steps of 1/256.
            return inputs._keras_history.operation(outputs)
        fixed = fine or layer.name in as_pixels or layer.name == deployed.layers[-1].name
        return FakeQuant(0, 1, trainable=not fixed, name=f"{layer.name}_levels")(outputs)

    quantized = keras.models.clone_model(deployed, clone_function=copy, call_function=call)
    for layer in deployed.layers:
        if layer.get_weights():
            quantized.get_layer(layer.name).set_weights(layer.get_weights())
    return quantized


def form_of_file(model, lumas, *, fine):
    """The 8-bit form of a trained network as `to_tflite` writes it.

    The two ends of a residual network are merged first (`merged_ends`).

    Args:
        model: A `deployed_form`; its channels are equalized and scaled in place.
        lumas: As in `settle_ranges`.
        fine: Whether pixels are read in steps finer than 1/255 (`fine_pixels`).

    Returns:
        A `quantized_form`.
    """
    merged = merged_ends(model, lumas)
    return post_training_form(fine_pixels(merged) if fine else merged, lumas)


def post_training_form(model, lumas):
    """The 8-bit form of a trained network, as good as possible without training.

    Channels are equalized, weights are rounded so that errors cancel, and ranges are settled.

    Args:
        model: A `deployed_form`; its channels are equalized in place, its weights not rounded.
        lumas: As in `settle_ranges`.

    Returns:
        A `quantized_form`.
    """
    tell("Rounding weights")
    equalize_channels(model, lumas)
    rounded = keras.models.clone_model(model)
    rounded.set_weights(model.get_weights())
    return settle_ranges(quantized_form(round_weights(rounded, lumas)), model, lumas)


def settle_ranges(quantized: keras.Model, model: keras.Model, lumas: np.ndarray) -> keras.Model:
    """Give every rounded tensor the range with which the error of the output is smallest.

    First, the ranges are the extremes on `lumas`. Then, layer by layer, a smaller range is taken if
    it brings the output closer to that of `model`: finer steps for all values are often worth more
    than room for the rarest ones.

    Args:
        quantized: A `quantized_form`, changed in place.
        model: The float model with the same layer names, whose output is the target.
        lumas: float32 `(batch, height, width, 1)`. They should cover the range, black and
            white edges included, or the file will clip those.

    Returns:
        `quantized`.
    """
    images = np.concatenate(list(lumas))
    ranged = [x for x in quantized.layers if isinstance(x, FakeQuant) and x.trainable]
    names = [layer.name.removesuffix("_levels") for layer in ranged]
    taps = keras.Model(model.inputs[0], [model.get_layer(n).output for n in names] + model.outputs)
    *seen, wanted = taps.predict_on_batch(images)
    for layer, values in zip(ranged, seen, strict=True):
        layer.set_weights([np.minimum(values.min(), 0), np.maximum(values.max(), 0)])

    run = Rerun(quantized, images)
    for done, layer in enumerate(ranged):
        tell("Settling ranges", done, len(ranged))
        errors: dict[
            Any, float
        ] = {}  # Maps a range to its error. If an end is 0, all of its shares are the same range.

        def error(ends, layer=layer, errors=errors):
            layer.set_weights(ends)
            if tuple(ends) not in errors:
                errors[tuple(ends)] = np.square(run.output_from(layer) - wanted).mean()
            return errors[tuple(ends)]

        for end in (0, 1):
            low, high = layer.get_weights()
            choices = [[s * low, high] if end == 0 else [low, s * high] for s in SHARES]
            layer.set_weights(min(choices, key=error))
    return quantized


def _is_known(operation):
    plain = (layers.InputLayer, layers.ReLU, layers.Add, Leaky, WholeAndRest, WithPixels)
    activation = getattr(operation, "activation", keras.activations.linear)
    return isinstance(operation, (*plain, *FAKE_QUANT_FORMS)) and activation in ACTIVATIONS


def _told(operation):
    activation = getattr(operation, "activation", keras.activations.linear)
    within = "" if activation in ACTIVATIONS else f" with {activation.__name__}"
    return f"{type(operation).__name__.removeprefix('Blocked')}{within}"
