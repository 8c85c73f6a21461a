"""Bicubic enlargement as a layer: the skip connection of networks such as VDSR and IDN."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from keras_pisr.data.images.bicubic import cubic

REACH = 2  # Keys' kernel reaches two pixels from the pixel in which a sub-pixel lies.


def phase_taps(scale):
    """Bicubic weights of the pixels -2 to 2 for each sub-pixel of a pixel, `(scale, 5)`."""
    # A sub-pixel's centre is (2 phase + 1 - scale) / (2 scale) px from the centre of its pixel.
    distances = 2 * np.arange(scale)[:, None] + 1 - scale - 2 * scale * np.arange(-REACH, REACH + 1)
    weights = cubic(distances, 2 * scale)
    return weights / weights.sum(axis=1, keepdims=True)


@keras.saving.register_keras_serializable(package="keras_pisr")
class BicubicEnlargement(layers.Layer):
    """Enlarges images of any size by bicubic interpolation, without weights.

    It computes the same numbers as `keras_pisr.data.upscale`: a = -0.5, pixels repeated beyond the
    edge. It is a convolution and a depth_to_space, so it runs on every backend and on the phone
    with open sizes, where `keras.layers.UpSampling2D(interpolation="bicubic")` needs a fixed one.

    Args:
        scale: Upscaling factor, an integer from 1.
        **kwargs: Passed on to `keras.layers.Layer`; float32 by default, also in mixed precision:
            float16 could not tell neighbouring 8-bit levels apart.

    Call arguments:
        inputs: `(batch, height, width, channels)`.

    Returns:
        `(batch, scale * height, scale * width, channels)`.

    Raises:
        ValueError: If the scale is not such an integer.

    Example:
    >>> lr = keras.Input((None, None, 1))
    >>> image = keras_pisr.models.BicubicEnlargement(2, name="bicubic")(lr)
    >>> residual = keras.layers.Conv2D(1, 3, padding="same")(image)
    >>> student = keras.Model(lr, keras.layers.Add()([image, residual]))

    Reference:
        Keys 1981, "Cubic convolution interpolation for digital image processing".
    """

    def __init__(self, scale: int, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        if int(scale) != scale or scale < 1:
            raise ValueError(f"`scale` must be an integer of at least 1, got {scale!r}.")
        self.scale = int(scale)

    def build(self, input_shape: Any) -> None:
        """Make the constant kernel: each channel goes to its own sub-pixels."""
        channels, taps = input_shape[-1], phase_taps(self.scale)
        kernel = np.zeros((5, 5, channels, self.scale, self.scale, channels))
        every = np.arange(channels)
        kernel[:, :, every, :, :, every] = np.einsum("pt,qu->tupq", taps, taps)
        self.kernel = kernel.reshape(5, 5, channels, -1)

    def call(self, inputs: Any) -> Any:
        """Repeat the edges, convolve, then move channels to pixels."""
        if self.scale == 1:
            return inputs
        top, bottom = inputs[:, :1], inputs[:, -1:]
        rows = ops.concatenate([top] * REACH + [inputs] + [bottom] * REACH, axis=1)
        left, right = rows[:, :, :1], rows[:, :, -1:]
        padded = ops.concatenate([left] * REACH + [rows] + [right] * REACH, axis=2)
        kernel = ops.convert_to_tensor(self.kernel, self.compute_dtype)
        return self.to_pixels(
            ops.conv(padded, kernel, padding="valid", data_format="channels_last")
        )

    def to_pixels(self, blocks: Any) -> Any:
        """Channels to pixels."""
        return ops.depth_to_space(blocks, self.scale, data_format="channels_last")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`(batch, scale * height, scale * width, channels)`."""
        batch, *size, channels = input_shape
        return (batch, *(None if n is None else n * self.scale for n in size), channels)

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {**super().get_config(), "scale": self.scale}
