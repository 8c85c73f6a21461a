"""VDSR: twenty convolutions that add detail to the image enlarged by bicubic interpolation."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from keras_pisr.models.bicubic_enlargement import BicubicEnlargement
from keras_pisr.models.presettable import Presettable
from keras_pisr.models.residual_fsrcnn import SubpixelResidual
from keras_pisr.models.size_limits import MOST_CHANNELS, MOST_LAYERS, MOST_SCALE, check_count


def blocks_of(depth):
    """Names of the blocks before `features` in a network of `depth` convolutions."""
    return ["first", *(f"body_{i + 1}" for i in range(depth - 3))]


@keras.saving.register_keras_serializable(package="keras_pisr")
class VDSR(Presettable, keras.Model):
    """Upscales luma by bicubic enlargement; a deep network at HR size adds the missing detail.

    `bicubic` enlarges the image; `first`, `body_1` to `body_17` and `features` are 3x3 convolutions
    of the same width, each with a ReLU; `residual`, a 3x3 convolution to one channel, is what
    `last_layer` adds to the enlarged image and clips to `[0, 1]`. A block's output carries the
    block's name, its convolution the suffix `_conv`. The layer to distil is `features`, the last
    one before `residual`; it has the size of the HR image.

    The network has 665,921 parameters at every scale: the 664,704 weights that papers count, and
    1,217 biases. It takes 612.6 G multiply-accumulates for 1280x720 output at every scale (the
    bicubic enlargement included, 0.02 G), as papers print.

    Args:
        scale: Upscaling factor, an integer from 1.
        features: Channels of every layer but the last.
        depth: Number of convolutions, the first and the last included.
        **kwargs: Passed on to `keras.Model`.

    Call arguments:
        inputs: Luma in `[0, 1]`, `(batch, height, width, 1)`, any height and width.

    Returns:
        Luma in `[0, 1]`, clipped, float32, `(batch, scale * height, scale * width, 1)`.

    Example:
    >>> model = keras_pisr.models.VDSR(scale=2, features=8, depth=5)
    >>> tuple(model(np.zeros((1, 24, 32, 1))).shape)
    (1, 48, 64, 1)

    Reference:
        Kim et al. 2016, "Accurate image super-resolution using very deep convolutional networks",
        https://arxiv.org/abs/1511.04587. The enlargement, which was done beforehand there, is
        part of the network here.
    """

    def __init__(
        self, scale: int = 2, *, features: int = 64, depth: int = 20, **kwargs: Any
    ) -> None:
        scale = check_count("scale", scale, MOST_SCALE)
        features = check_count("features", features, MOST_CHANNELS)
        depth = check_count("depth", depth, MOST_LAYERS, least=3)

        # === Layers ===
        def convolution(filters, name, **options):
            options = {"padding": "same", "kernel_initializer": "he_normal"} | options
            return layers.Conv2D(filters, 3, name=name, **options, data_format="channels_last")

        blocks = [
            layer
            for name in [*blocks_of(depth), "features"]
            for layer in (convolution(features, f"{name}_conv"), layers.ReLU(name=name))
        ]
        # In float16 the output could not tell neighbouring 8-bit levels apart.
        residual = convolution(1, "residual", dtype="float32")
        last_layer = SubpixelResidual(1, dtype="float32", name="last_layer")

        # === Functional graph ===
        inputs = keras.Input((None, None, 1), name="lr")
        x = bicubic = BicubicEnlargement(scale, name="bicubic")(inputs)
        for layer in blocks:
            x = layer(x)
        super().__init__(inputs, last_layer([residual(x), bicubic]), **kwargs)

        # === Config ===
        self.scale = scale
        self.features = features
        self.depth = depth

    def blocks(self) -> Any:
        """Names of the blocks before `features`, in order."""
        return blocks_of(self.depth)

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "scale": self.scale,
            "features": self.features,
            "depth": self.depth,
        }
