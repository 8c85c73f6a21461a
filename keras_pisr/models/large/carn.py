"""CARN: residual blocks, each of which sees the outputs of all blocks before it."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from keras_pisr.models.fsrcnn import convolution
from keras_pisr.models.large.grouped_convolution import GroupedConv2D
from keras_pisr.models.presettable import Presettable
from keras_pisr.models.size_limits import MOST_CHANNELS, MOST_SCALE, check_count

MOBILE_GROUPS = 4
MOST_STEPS = 16
# The paper subtracts the mean colour of DIV2K (0.45, 0.44, 0.40) at the start and adds it at the
# end. Here the last bias starts at this value instead, because a pixel that starts clipped has no
# gradient.
MEAN = 0.45


def enlargements(scale):
    """Factors of the steps that enlarge the features: x4 takes two steps of x2."""
    if scale > 1 and scale & (scale - 1) == 0:
        return [2] * (scale.bit_length() - 1)
    return [scale] if scale > 1 else []


@keras.saving.register_keras_serializable(package="keras_pisr")
class CARN(Presettable, keras.Model):
    """Upscales luma with three cascading blocks of three residual units, or CARN-M.

    `first` is a 3x3 convolution to 64 channels. A unit of a block, `block_i_unit_j`, is two 3x3
    convolutions with a residual. After each unit, a 1x1 convolution joins the block's input with
    all of its units so far: `block_i_fusion_1`, `_2` and, after the third, `block_i`. Blocks are
    joined in the same way: `fusion_1`, `fusion_2` and, after the third, `features`. All have ReLUs,
    which carry the names; convolutions have the suffix `_conv`. The layer to distil is `features`,
    at LR size. `upsampling_k` enlarges it by sub-pixels, `image`, a 3x3 convolution, makes luma of
    it, and `last_layer` clips that to `[0, 1]`. There is no bicubic skip.

    CARN-M (`mobile=True`) has 4 groups in its 3x3 convolutions, except in the first and the last, a
    1x1 convolution at the end of a unit, and one set of weights for the three units of a block.

    | | x2 | x3 | x4 |
    |---|---|---|---|
    | CARN: parameters, G at 1280x720 | 961,857, 221.5 | 1,146,497, 117.6 | 1,109,569, 89.7 |
    | CARN-M: the same | 254,721, 89.8 | 301,121, 44.9 | 291,841, 31.4 |

    The paper's 1.59M and 412K (recalled) are those of one network with RGB ends and the
    enlargements of all three scales; CARN-M's figure leaves out biases. One channel at the ends and
    one scale leave the above. The paper prints 222.8 / 118.8 / 90.9 G for CARN and 91.2 / 46.1 /
    32.5 G for CARN-M (recalled); one channel at the ends in place of three saves 1.3 G at x2.

    Args:
        scale: Upscaling factor, an integer from 1.
        mobile: Whether it is CARN-M.
        features: Channels of all layers except the ends; a multiple of 4 for CARN-M.
        steps: Number of blocks, and of units per block.
        **kwargs: Passed on to `keras.Model`.

    Call arguments:
        inputs: Luma in `[0, 1]`, `(batch, height, width, 1)`, any height and width.

    Returns:
        Luma in `[0, 1]`, clipped, float32, `(batch, scale * height, scale * width, 1)`.

    Raises:
        ValueError: If the groups of CARN-M do not divide `features`.

    Example:
    >>> model = keras_pisr.models.CARN(scale=2, mobile=True, features=8)
    >>> tuple(model(np.zeros((1, 24, 32, 1))).shape)
    (1, 48, 64, 1)

    Reference:
        Ahn et al. 2018, "Fast, accurate, and lightweight super-resolution with cascading residual
        network", https://arxiv.org/abs/1803.08664
    """

    def __init__(
        self,
        scale: int = 2,
        *,
        mobile: bool = False,
        features: int = 64,
        steps: int = 3,
        **kwargs: Any,
    ) -> None:
        scale = check_count("scale", scale, MOST_SCALE)
        features = check_count("features", features, MOST_CHANNELS)
        steps = check_count("steps", steps, MOST_STEPS)
        groups = MOBILE_GROUPS if mobile else 1
        if features % groups:
            raise ValueError(f"Expected `features` to be a multiple of {groups}; got {features}.")
        width = features // groups

        # === Blocks ===
        def in_groups(name):
            options = {"padding": "same", "groups": groups, "kind": GroupedConv2D}
            return convolution(features, 3, width, name, **options)

        def unit(name):
            sequence = [
                in_groups(f"{name}_1_conv"),
                layers.ReLU(name=f"{name}_1"),
                in_groups(f"{name}_2_conv"),
            ]
            if mobile:
                sequence += [
                    layers.ReLU(name=f"{name}_2"),
                    convolution(features, 1, features, f"{name}_3_conv"),
                ]
            add, relu = layers.Add(name=f"{name}_sum"), layers.ReLU(name=name)

            def call(x):
                late = x
                for layer in sequence:
                    late = layer(late)
                return relu(add([late, x]))

            return call

        def cascade(x, parts, names):
            seen = [x]
            for i, (part, name) in enumerate(zip(parts, names, strict=True), start=2):
                seen.append(part(x))
                joined = layers.Concatenate(name=f"{name}_joined")(seen)
                fusion = convolution(features, 1, i * features, f"{name}_conv")
                x = layers.ReLU(name=name)(fusion(joined))
            return x

        def block(name):
            names = [f"{name}_fusion_{i}" for i in range(1, steps)] + [name]
            if mobile:
                units = [unit(f"{name}_unit")] * steps
            else:
                units = [unit(f"{name}_unit_{i}") for i in range(1, steps + 1)]
            return lambda x: cascade(x, units, names)

        def enlarged(x, factor, name):
            # The groups are separate, because depth_to_space would mix them in another way than the
            # paper.
            parts = []
            for i in range(groups):
                part = x if groups == 1 else x[..., i * width : (i + 1) * width]
                own = name if groups == 1 else f"{name}_group_{i + 1}"
                filters = width * factor**2
                part = convolution(filters, 3, width, f"{own}_conv", padding="same")(part)
                part = layers.ReLU(name=own)(part)
                parts.append(ops.depth_to_space(part, factor, data_format="channels_last"))
            return parts[0] if groups == 1 else layers.Concatenate(name=name)(parts)

        # === Functional graph ===
        inputs = keras.Input((None, None, 1), name="lr")
        x = convolution(features, 3, 1, "first", padding="same")(inputs)
        blocks = [block(f"block_{i}") for i in range(1, steps + 1)]
        x = cascade(x, blocks, [*(f"fusion_{i}" for i in range(1, steps)), "features"])
        for i, factor in enumerate(enlargements(scale), start=1):
            x = enlarged(x, factor, f"upsampling_{i}")
        # In float16 the output could not tell neighbouring 8-bit levels apart.
        image = convolution(1, 3, features, "image", padding="same", dtype="float32")
        image.bias_initializer = keras.initializers.Constant(MEAN)
        last_layer = layers.ReLU(max_value=1.0, dtype="float32", name="last_layer")
        super().__init__(inputs, last_layer(image(x)), **kwargs)

        # === Config ===
        self.scale = scale
        self.mobile = bool(mobile)
        self.features = features
        self.steps = steps

    def blocks(self) -> Any:
        """Names of the blocks before `features`, in order."""
        return [f"block_{i}" for i in range(1, self.steps + 1)]

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "scale": self.scale,
            "mobile": self.mobile,
            "features": self.features,
            "steps": self.steps,
        }
