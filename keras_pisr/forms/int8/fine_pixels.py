"""Gives an 8-bit network pixels in steps finer than those of 8 bit."""

import keras
import numpy as np
from keras import layers

from keras_pisr.forms.int8.pixel_layers import GAIN, WholeAndRest, WithPixels
from keras_pisr.forms.int8.rounding import is_plain


def fine_pixels(model):
    """Let the convolutions of the image read its `WholeAndRest`; the output is the same in float.

    Luma of an RGB image is no whole number of steps of 1/255. Rounding it costs more than all other
    rounding in an 8-bit network.

    Args:
        model: A `deployed_form`, or the `merged_ends` of one. It is not changed.

    Returns:
        A model with weights of its own; `model` itself if something other than `is_plain`
        convolutions and `WithPixels` reads the image.
    """
    readers = [layer for layer in model.layers if _reads_image(layer)]
    if not all(is_plain(layer) or isinstance(layer, WithPixels) for layer in readers):
        return model
    split = {}  # Maps the image to its two channels, which are made once.

    def finer(tensor):
        if not _is_image(tensor):
            return tensor
        if id(tensor) not in split:
            split[id(tensor)] = WholeAndRest(name="whole_and_rest")(tensor)
        return split[id(tensor)]

    def call(layer, inputs, **kwargs):
        both = [finer(x) for x in inputs] if isinstance(inputs, list) else finer(inputs)
        return layer(both, **kwargs)

    fine = keras.models.clone_model(model, call_function=call)
    for layer in model.layers:
        if layer.get_weights():
            kernel, *others = layer.get_weights()
            read = fine.get_layer(layer.name)
            if read.get_weights()[0].shape != kernel.shape:
                # The image is the last channel of its readers.
                kernel = np.concatenate([kernel, kernel[:, :, -1:] / GAIN], axis=2)
            read.set_weights([kernel, *others])
    return fine


def _reads_image(layer):
    inputs = layer.input if isinstance(layer.input, list) else [layer.input]
    return not isinstance(layer, layers.InputLayer) and any(map(_is_image, inputs))


def _is_image(tensor):
    return isinstance(tensor._keras_history.operation, layers.InputLayer)
