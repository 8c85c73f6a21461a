"""FSRCNN for 8-bit arithmetic, with ReLUs and a residual instead of the whole image."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from keras_pisr.models.fsrcnn import convolution
from keras_pisr.models.presettable import Presettable
from keras_pisr.models.size_limits import MOST_CHANNELS, MOST_LAYERS, MOST_SCALE, check_count


@keras.saving.register_keras_serializable(package="keras_pisr")
class SubpixelResidual(layers.Layer):
    """Adds sub-pixels to their pixel or to other sub-pixels, clips, and moves them to their places.

    `depth_to_space(clip(residual + lr, 0, 1))`. The clip comes before pixels move, so that an
    8-bit file stores the sum in steps of 1/255, as the image has them.

    Args:
        scale: Upscaling factor.
        **kwargs: Passed on to `keras.layers.Layer`.

    Call arguments:
        inputs: `[residual, lr]`: `(batch, height, width, scale**2)`, and the same or
            `(batch, height, width, 1)`; or one tensor, their sum.

    Returns:
        Luma in `[0, 1]`, `(batch, scale * height, scale * width, 1)`.

    Example:
    >>> layer = keras_pisr.models.SubpixelResidual(2)
    >>> tuple(layer([np.zeros((1, 4, 5, 4)), np.ones((1, 4, 5, 1))]).shape)
    (1, 8, 10, 1)
    """

    def __init__(self, scale: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: Any) -> Any:
        """Add, clip, move."""
        blocks = self.limit(inputs[0] + inputs[1] if isinstance(inputs, list | tuple) else inputs)
        return self.to_pixels(blocks) if self.scale > 1 else blocks

    def limit(self, blocks: Any) -> Any:
        """Keep luma in `[0, 1]`."""
        return ops.clip(blocks, 0.0, 1.0)

    def to_pixels(self, blocks: Any) -> Any:
        """Channels to pixels."""
        return ops.depth_to_space(blocks, self.scale, data_format="channels_last")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`(batch, scale * height, scale * width, channels / scale**2)`."""
        several = isinstance(input_shape[0], list | tuple)
        batch, *size, channels = max(input_shape, key=lambda s: s[-1]) if several else input_shape
        size = [None if n is None else n * self.scale for n in size]
        return (batch, *size, channels // self.scale**2)

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable(package="keras_pisr")
class ResidualFSRCNN(Presettable, keras.Model):
    """An FSRCNN that loses little in 8 bit, with 14,620 parameters at x2.

    FSRCNN carries the image itself through every layer, so the 8-bit steps of each layer add noise
    to the image. Here the layers carry only the difference from the LR image enlarged by repeating
    pixels. Otherwise the blocks are those of FSRCNN, with three changes for the phone:

    - ReLUs, which cost nothing after a convolution and which XNNPACK runs in 8 bit (it does not run
      PReLU);
    - 16 narrow channels instead of 12, because 8-bit kernels take 8 or 16 at a time anyway;
    - a 3x3 convolution to sub-pixels in place of the 9x9 transposed one (5x5 on the LR grid at x2),
      which halves the arithmetic there.

    This network is not from a paper. Its blocks have the same names as those of `FSRCNN`, so it is
    distilled in the same way. The sub-pixel convolution is called `residual`; `last_layer` adds.

    Args:
        scale: Upscaling factor, an integer from 1.
        features: Channels of `feature_extraction` and `expanding`.
        shrunk_features: Channels of `shrinking` and `mapping`.
        mapping_layers: Convolutions in `mapping`.
        **kwargs: Passed on to `keras.Model`.

    Call arguments:
        inputs: Luma in `[0, 1]`, `(batch, height, width, 1)`, any height and width.

    Returns:
        Luma in `[0, 1]`, clipped, float32, `(batch, scale * height, scale * width, 1)`.

    Example:
    >>> model = keras_pisr.models.ResidualFSRCNN(scale=2)
    >>> tuple(model(np.zeros((1, 24, 32, 1))).shape)
    (1, 48, 64, 1)

    Reference:
        Du et al. 2021, "Anchor-based plain net for mobile image super-resolution",
        https://arxiv.org/abs/2105.09750, which also adds to repeated pixels because of 8 bit.
    """

    def __init__(
        self,
        scale: int = 2,
        *,
        features: int = 56,
        shrunk_features: int = 16,
        mapping_layers: int = 4,
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
                layers.ReLU(name=name),
            ]

        blocks = block("feature_extraction", features, 5, 1)
        blocks += block("shrinking", shrunk_features, 1, features)
        for i in range(1, mapping_layers + 1):
            blocks += block(f"mapping_{i}", shrunk_features, 3, shrunk_features)
        blocks += block("expanding", features, 1, shrunk_features)
        # In float16 the output could not tell neighbouring 8-bit levels apart.
        blocks += [convolution(scale**2, 3, features, "residual", padding="same", dtype="float32")]
        last_layer = SubpixelResidual(scale, dtype="float32", name="last_layer")

        # === Functional graph ===
        inputs = x = keras.Input((None, None, 1), name="lr")
        for layer in blocks:
            x = layer(x)
        super().__init__(inputs, last_layer([x, inputs]), **kwargs)

        # === Config ===
        self.scale = int(scale)
        self.features = features
        self.shrunk_features = shrunk_features
        self.mapping_layers = mapping_layers

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "scale": self.scale,
            "features": self.features,
            "shrunk_features": self.shrunk_features,
            "mapping_layers": self.mapping_layers,
        }
