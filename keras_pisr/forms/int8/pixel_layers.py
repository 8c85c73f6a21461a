"""Layers that carry pixels through an 8-bit network."""

import keras
from keras import layers, ops

# The rest of a pixel is enlarged by this factor before it is rounded to steps of 1/255.
GAIN = 16


@keras.saving.register_keras_serializable(package="keras_pisr")
class WholeAndRest(layers.Layer):
    """Splits pixels into the whole steps of 1/255 and the rest, `GAIN` times as large.

    Both channels are in `[0, 1]` and are rounded with the 8-bit scale of a pixel, so that together
    they keep steps of 1/4080.

    Example:
    >>> WholeAndRest()(np.full((1, 1, 1, 1), 100.5 / 255)) * 255  # doctest: +SKIP
    [[[[100, 8]]]]
    """

    def call(self, inputs):
        """`(batch, height, width, 1)` to `(batch, height, width, 2)`."""
        steps = inputs * 255.0
        whole = ops.floor(steps)
        return ops.concatenate([whole, GAIN * (steps - whole)], axis=-1) * (1 / 255)

    def compute_output_shape(self, input_shape):
        """The input's, with two channels."""
        return (*input_shape[:-1], 2)


@keras.saving.register_keras_serializable(package="keras_pisr")
class WithPixels(layers.Concatenate):
    """Puts the pixels of the image beside features in `[0, 1]`, in one tensor.

    All channels of this tensor have the 8-bit scale of a pixel, 1/255, so no value is rounded
    again.
    """
