"""IDN: blocks that set a quarter of their features aside, and a bicubic skip."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from keras_pisr.models.bicubic_enlargement import BicubicEnlargement
from keras_pisr.models.large.grouped_convolution import GroupedConv2D
from keras_pisr.models.presettable import Presettable
from keras_pisr.models.residual_fsrcnn import SubpixelResidual
from keras_pisr.models.size_limits import MOST_CHANNELS, MOST_LAYERS, MOST_SCALE, check_count
from keras_pisr.models.subpixel_deconvolution import SubpixelDeconvolution

GROUPS = 4  # Number of groups of the second convolution in each half of a block.
SLOPE = 0.05


@keras.saving.register_keras_serializable(package="keras_pisr")
class IDN(Presettable, keras.Model):
    """Upscales luma with four information distillation blocks and a bicubic skip.

    `first_1` and `first_2` are 3x3 convolutions to 64 channels. Block i begins with three 3x3
    convolutions, `block_i_1` to `_3`, to 48, 32 and 64 channels. A quarter of the last one's
    channels is kept aside and joined to the block's input. The others go through three more,
    `block_i_4` to `_6`, to 64, 48 and 80 channels, to which the joined channels are added. A 1x1
    convolution, `block_i`, compresses the sum to 64 channels; in the last block it is called
    `features`, and is the layer to distil, at LR size. The second convolution of each three has 4
    groups. Every convolution has a leaky ReLU, which carries the name; the convolution has the
    suffix `_conv`. `residual`, a 17x17 transposed convolution, computes the difference from the
    image that `bicubic` enlarges; `last_layer` adds the two and clips to `[0, 1]`.

    The network has 552,769 parameters at every scale, the 553K that papers print (recalled). It
    takes 127.0 / 56.4 / 31.8 G multiply-accumulates for x2 / x3 / x4 to 1280x720, the bicubic
    enlargement included (0.02 G). Papers print 124.6 / 56.3 / 32.3 G (recalled); how those count
    the transposed convolution is not known.

    Args:
        scale: Upscaling factor, an integer from 1.
        features: Channels of the first layers and between blocks, a multiple of 16; the other
            widths are the paper's shares of it.
        block_count: Number of blocks.
        **kwargs: Passed on to `keras.Model`.

    Call arguments:
        inputs: Luma in `[0, 1]`, `(batch, height, width, 1)`, any height and width.

    Returns:
        Luma in `[0, 1]`, clipped, float32, `(batch, scale * height, scale * width, 1)`.

    Raises:
        ValueError: If `features` is not a multiple of 16.

    Example:
    >>> model = keras_pisr.models.IDN(scale=2, features=16, block_count=1)
    >>> tuple(model(np.zeros((1, 24, 32, 1))).shape)
    (1, 48, 64, 1)

    Reference:
        Hui et al. 2018, "Fast and accurate single image super-resolution via information
        distillation network", https://arxiv.org/abs/1803.09454
    """

    def __init__(
        self, scale: int = 2, *, features: int = 64, block_count: int = 4, **kwargs: Any
    ) -> None:
        scale = check_count("scale", scale, MOST_SCALE)
        features = check_count("features", features, MOST_CHANNELS)
        block_count = check_count("block_count", block_count, MOST_LAYERS)
        if features % 16:
            raise ValueError(f"Expected `features` to be a multiple of 16; got {features}.")
        quarter = features // 4

        # === Blocks ===
        def convolved(x, name, quarters, *, size=3, groups=1):
            convolution = GroupedConv2D(
                quarters * quarter,
                size,
                padding="same",
                groups=groups,
                kernel_initializer="he_normal",
                name=f"{name}_conv",
                data_format="channels_last",
            )
            return layers.LeakyReLU(SLOPE, name=name)(convolution(x))

        def block(x, name, output_name):
            late = convolved(x, f"{name}_1", 3)
            late = convolved(late, f"{name}_2", 2, groups=GROUPS)
            late = convolved(late, f"{name}_3", 4)
            kept, late = late[..., :quarter], late[..., quarter:]
            late = convolved(late, f"{name}_4", 4)
            late = convolved(late, f"{name}_5", 3, groups=GROUPS)
            late = convolved(late, f"{name}_6", 5)
            joined = layers.Concatenate(name=f"{name}_joined")([x, kept])
            total = layers.Add(name=f"{name}_sum")([late, joined])
            return convolved(total, output_name, 4, size=1)

        # === Functional graph ===
        inputs = x = keras.Input((None, None, 1), name="lr")
        for name in ("first_1", "first_2"):
            x = convolved(x, name, 4)
        for i in range(1, block_count + 1):
            x = block(x, f"block_{i}", "features" if i == block_count else f"block_{i}")
        # In float16 the output could not tell neighbouring 8-bit levels apart.
        residual = SubpixelDeconvolution(
            scale,
            kernel_size=17,
            kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
            dtype="float32",
            name="residual",
        )(x)
        bicubic = BicubicEnlargement(scale, name="bicubic")(inputs)
        last_layer = SubpixelResidual(1, dtype="float32", name="last_layer")
        super().__init__(inputs, last_layer([residual, bicubic]), **kwargs)

        # === Config ===
        self.scale = scale
        self.features = features
        self.block_count = block_count

    def blocks(self) -> Any:
        """Names of the blocks before `features`, in order."""
        return ["first_1", "first_2", *(f"block_{i}" for i in range(1, self.block_count))]

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "scale": self.scale,
            "features": self.features,
            "block_count": self.block_count,
        }
