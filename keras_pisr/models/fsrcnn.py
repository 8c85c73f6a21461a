"""FSRCNN, the student of PISR and the network that goes to the phone."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from keras_pisr.models.presettable import Presettable
from keras_pisr.models.size_limits import MOST_CHANNELS, MOST_LAYERS, MOST_SCALE, check_count
from keras_pisr.models.subpixel_deconvolution import SubpixelDeconvolution


def uniform_fan_in():
    """Kernel initializer of the reference: uniform in `+-1/sqrt(fan_in)`."""
    return keras.initializers.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform")


def uniform_bias(fan_in):
    """Bias initializer of the reference: uniform in `+-1/sqrt(fan_in)`."""
    bound = fan_in**-0.5
    return keras.initializers.RandomUniform(-bound, bound)


def convolution(filters, size, channels, name, *, kind=layers.Conv2D, **kwargs):
    """A `Conv2D` from `channels` (of a group) to `filters`, which starts like the reference."""
    return kind(
        filters,
        size,
        kernel_initializer=uniform_fan_in(),
        bias_initializer=uniform_bias(size * size * channels),
        name=name,
        **kwargs,
        data_format="channels_last",
    )


def prelu(name, slope_per_channel=False):
    """A PReLU that starts at 0.25, with one slope for the layer or one per channel."""
    axes = [1, 2] if slope_per_channel else [1, 2, 3]
    start = keras.initializers.Constant(0.25)
    return layers.PReLU(alpha_initializer=start, shared_axes=axes, name=name)


@keras.saving.register_keras_serializable(package="keras_pisr")
class FSRCNN(Presettable, keras.Model):
    """Upscales luma by 2, 3 or 4 with 12,644 parameters.

    Five blocks: `feature_extraction` (5x5), `shrinking` (1x1), `mapping` (3x3, four times),
    `expanding` (1x1) and `last_layer` (a 9x9 transposed convolution), each except the last
    followed by a PReLU. A block's output carries the block's name (`mapping_1` to
    `mapping_4`), its convolution the suffix `_conv`. No skip connection, no bicubic
    residual. 12,464 multiply-accumulates per LR pixel: 2.87 / 1.28 / 0.72 G for x2 / x3 / x4
    at 1280x720 output (counting the transposed convolution at every HR pixel, as many
    papers do, gives 6.0 / 5.0 / 4.6 G).

    Args:
        scale: Upscaling factor: 2, 3 or 4 in the paper, any integer from 1 here.
        features: Channels of `feature_extraction` and `expanding` (the paper's d).
        shrunk_features: Channels of `shrinking` and `mapping` (s).
        mapping_layers: Convolutions in `mapping` (m).
        slope_per_channel: One PReLU slope per channel, not one per layer: 12,809 parameters.
        **kwargs: Passed on to `keras.Model`.

    Call arguments:
        inputs: Luma in `[0, 1]`, `(batch, height, width, 1)`, any height and width.

    Returns:
        Luma, about `[0, 1]` and not clipped, float32,
        `(batch, scale * height, scale * width, 1)`.

    Example:
    >>> model = keras_pisr.models.FSRCNN(scale=2)
    >>> tuple(model(np.zeros((1, 24, 32, 1))).shape)
    (1, 48, 64, 1)

    Reference:
        Dong et al. 2016, "Accelerating the Super-Resolution Convolutional Neural Network",
        https://arxiv.org/abs/1608.00367; one slope per layer and the initial weights
        (uniform in `+-1/sqrt(fan_in)`) as in Lee et al. 2020, https://arxiv.org/abs/2007.07524.
    """

    def __init__(
        self,
        scale: int = 2,
        *,
        features: int = 56,
        shrunk_features: int = 12,
        mapping_layers: int = 4,
        slope_per_channel: bool = False,
        **kwargs: Any,
    ) -> None:
        scale = check_count("scale", scale, MOST_SCALE)
        features = check_count("features", features, MOST_CHANNELS)
        shrunk_features = check_count("shrunk_features", shrunk_features, MOST_CHANNELS)
        mapping_layers = check_count("mapping_layers", mapping_layers, MOST_LAYERS, least=0)

        # === Layers ===
        def block(name, filters, size, channels):
            return [
                convolution(filters, size, channels, f"{name}_conv", padding="same"),
                prelu(name, slope_per_channel),
            ]

        blocks = block("feature_extraction", features, 5, 1)
        blocks += block("shrinking", shrunk_features, 1, features)
        for i in range(1, mapping_layers + 1):
            blocks += block(f"mapping_{i}", shrunk_features, 3, shrunk_features)
        blocks += block("expanding", features, 1, shrunk_features)
        last_layer = SubpixelDeconvolution(
            scale,
            kernel_size=9,
            # The reference takes one output channel of 9x9 taps as fan-in, which gives +-1/9.
            kernel_initializer=keras.initializers.RandomUniform(-1 / 9, 1 / 9),
            bias_initializer=keras.initializers.RandomUniform(-1 / 9, 1 / 9),
            # In float16 the output could not tell neighbouring 8-bit levels apart.
            dtype="float32",
            name="last_layer",
        )

        # === Functional graph ===
        inputs = x = keras.Input((None, None, 1), name="lr")
        for layer in blocks:
            x = layer(x)
        super().__init__(inputs, last_layer(x), **kwargs)

        # === Config ===
        self.scale = scale
        self.features = features
        self.shrunk_features = shrunk_features
        self.mapping_layers = mapping_layers
        self.slope_per_channel = slope_per_channel

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "scale": self.scale,
            "features": self.features,
            "shrunk_features": self.shrunk_features,
            "mapping_layers": self.mapping_layers,
            "slope_per_channel": self.slope_per_channel,
        }
