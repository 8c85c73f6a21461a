"""Two small heads that predict a teacher's feature and the uncertainty of the prediction."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from keras_pisr.models.fsrcnn import convolution, prelu


@keras.saving.register_keras_serializable(package="keras_pisr")
class LocationScale(layers.Layer):
    """Predicts a distribution over teacher features from a student's feature.

    Two branches of Conv 1x1, PReLU, Conv 1x1; the second ends in
    `scale = spread * softplus(.) + floor`. The heads are trained with the student and then
    discarded. They have 12,770 parameters for 56 channels on both sides.

    Args:
        channels: Channels of the teacher's feature.
        spread: Factor on the softplus, in feature units: 0.1 for the Laplace scale `b`,
            0.001 for the Gaussian variance `v`.
        floor: Smallest scale, in feature units: keeps divisions by it finite.
        **kwargs: Passed on to `keras.layers.Layer`.

    Call arguments:
        inputs: Student feature, `(batch, height, width, student_channels)`.

    Returns:
        `(location, scale)`, each `(batch, height, width, channels)`, float32, `scale > 0`.

    Reference:
        Lee et al. 2020, section 3.3, https://arxiv.org/abs/2007.07524; constants as in the
        authors' code.
    """

    def __init__(
        self, channels: int, spread: float = 0.1, floor: float = 1e-8, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.channels = channels
        self.spread = spread
        self.floor = floor

    def build(self, input_shape: Any) -> None:
        """Create both branches for `input_shape[-1]` channels."""
        width = input_shape[-1]

        def branch(name):
            steps = [
                convolution(width, 1, width, f"{name}_1", dtype=self.dtype_policy),
                prelu(f"{name}_activation"),
                convolution(self.channels, 1, width, f"{name}_2", dtype=self.dtype_policy),
            ]
            branch = keras.Sequential(steps, name=name)
            branch.build(input_shape)
            return branch

        self.location = branch("location")
        self.raw_scale = branch("scale")

    def call(self, inputs: Any) -> Any:
        """Location and scale in float32, also under mixed precision."""
        location = ops.cast(self.location(inputs), "float32")
        raw = ops.cast(self.raw_scale(inputs), "float32")
        return location, self.spread * ops.softplus(raw) + self.floor

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {
            **super().get_config(),
            "channels": self.channels,
            "spread": self.spread,
            "floor": self.floor,
        }
