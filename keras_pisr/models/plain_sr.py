"""PlainSR, the recommended student: 3x3 convolutions that add detail to a linear enlargement."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from keras_pisr.models.presettable import Presettable
from keras_pisr.models.residual_fsrcnn import SubpixelResidual
from keras_pisr.models.size_limits import MOST_CHANNELS, MOST_LAYERS, MOST_SCALE, check_count

# Channels and number of 3x3 convolutions of the body. AVX-512 computes 16 channels at a time, and
# ARM computes them in two or four rounds.
SIZES = {
    "small": {"features": 16, "body_layers": 5},
    "medium": {"features": 32, "body_layers": 4},
}


@keras.saving.register_keras_serializable(package="keras_pisr")
class PlainSR(Presettable, keras.Model):
    """Upscales luma by 2, 3 or 4: a linear enlargement, to which a plain network adds detail.

    `linear`, a 5x5 convolution to sub-pixels without bias, enlarges the image;
    `start_as_bicubic` makes it exact bicubic interpolation. The network beside it computes the
    detail: `first` (5x5), `body_1` to `body_N` (3x3, all of the same width), each with a leaky
    ReLU; `features`, the sum of the outputs of `first` and of the last body layer; and `residual`,
    a 3x3 convolution to sub-pixels. `last_layer` adds both, clips to `[0, 1]` and puts sub-pixels
    in their places. A block's output carries the block's name, its convolution the suffix `_conv`.
    The layer to distil is `features`.

    The small network has 12,696 parameters and takes 2.90 G multiply-accumulates for x2 to
    1280x720, FSRCNN 12,809 and 2.87. Every activation has one fixed slope, which XNNPACK
    also computes in 8 bit, so one set of weights serves all precisions.

    | | x2 | x3 | x4 |
    |---|---|---|---|
    | small: parameters, G at 1280x720 | 12,696, 2.90 | 13,546, 1.38 | 14,736, 0.84 |
    | medium: the same | 39,080, 8.97 | 40,650, 4.15 | 42,848, 2.46 |

    Args:
        scale: Upscaling factor, an integer from 1.
        size: Sets `features` and `body_layers`: "small" is 16 and 5, "medium" 32 and 4.
        features: Channels of every layer except the two to sub-pixels; by default those of `size`.
        body_layers: Number of 3x3 convolutions of the body; by default that of `size`.
        negative_slope: Slope of the activations below zero. With 0 they are ReLUs, which the
            convolution of a `.tflite` computes itself and which 8 bit suits best.
        **kwargs: Passed on to `keras.Model`.

    Call arguments:
        inputs: Luma in `[0, 1]`, `(batch, height, width, 1)`, any height and width.

    Returns:
        Luma in `[0, 1]`, clipped, float32, `(batch, scale * height, scale * width, 1)`.

    Raises:
        ValueError: If `size` is neither.

    Example:
    >>> model = keras_pisr.models.PlainSR(scale=2)
    >>> tuple(model(np.zeros((1, 24, 32, 1))).shape)
    (1, 48, 64, 1)

    Reference:
        Not the network of a paper. Nearest are Bhardwaj et al. 2022, "Collapsible linear blocks for
        super-efficient super resolution", https://arxiv.org/abs/2103.09404 (SESR: 5x5 at both
        ends, a long skip), and Du et al. 2021, "Anchor-based plain net for mobile image
        super-resolution", https://arxiv.org/abs/2105.09750.
    """

    def __init__(
        self,
        scale: int = 2,
        *,
        size: str = "small",
        features: int | None = None,
        body_layers: int | None = None,
        negative_slope: float = 0.0,
        **kwargs: Any,
    ) -> None:
        if size not in SIZES:
            raise ValueError(f"Expected size to be one of {', '.join(SIZES)}; got {size!r}.")
        scale = check_count("scale", scale, MOST_SCALE)
        features = check_count("features", features or SIZES[size]["features"], MOST_CHANNELS)
        body_layers = SIZES[size]["body_layers"] if body_layers is None else body_layers
        body_layers = check_count("body_layers", body_layers, MOST_LAYERS, least=0)

        # === Layers ===
        def convolution(filters, kernel_size, name, **options):
            options = {"padding": "same", "kernel_initializer": "he_normal"} | options
            return layers.Conv2D(
                filters, kernel_size, name=name, **options, data_format="channels_last"
            )

        def block(name, kernel_size):
            # In a file, a convolution can include a ReLU but no other activation.
            leaky = layers.LeakyReLU(negative_slope, name=name) if negative_slope else None
            relu = leaky or layers.ReLU(name=name)
            return [convolution(features, kernel_size, f"{name}_conv"), relu]

        first = block("first", 5)
        body = [layer for i in range(body_layers) for layer in block(f"body_{i + 1}", 3)]
        # In float16 the output could not tell neighbouring 8-bit levels apart.
        pixels = {"filters": scale**2, "dtype": "float32"}
        residual = convolution(kernel_size=3, name="residual", **pixels)
        linear = convolution(kernel_size=5, name="linear", use_bias=False, **pixels)
        last_layer = SubpixelResidual(scale, dtype="float32", name="last_layer")

        # === Functional graph ===
        inputs = x = keras.Input((None, None, 1), name="lr")
        for layer in first:
            x = layer(x)
        early = x
        for layer in body:
            x = layer(x)
        x = layers.Add(name="features")([x, early])
        super().__init__(inputs, last_layer([residual(x), linear(inputs)]), **kwargs)

        # === Config ===
        self.scale = scale
        self.size = size
        self.features = features
        self.body_layers = body_layers
        self.negative_slope = negative_slope

    def blocks(self) -> Any:
        """Names of the blocks before `features`, in order."""
        return ["first", *(f"body_{i + 1}" for i in range(self.body_layers))]

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "scale": self.scale,
            "size": self.size,
            "features": self.features,
            "body_layers": self.body_layers,
            "negative_slope": self.negative_slope,
        }
