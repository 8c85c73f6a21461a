"""The mean over images that PSNR and SSIM share."""

import keras
from keras import ops


class PerImageMean(keras.metrics.Mean):
    """Mean over images, not over batches, of a score that a subclass computes.

    A subclass implements `score(y_true, y_pred)`, which returns one value per image,
    `(batch,)`; larger must be better.

    Args:
        shave: Pixels removed from each side before comparing.
        max_value: Value of white.
        round_to_8bit: Whether to clip predictions and round them to 256 levels.
        name: Name in the logs.
        dtype: Type of the running sums; float32 if not given.
    """

    def __init__(self, *, shave, max_value, round_to_8bit, name, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.shave = shave
        self.max_value = max_value
        self.round_to_8bit = round_to_8bit
        # Keras asks for this if a callback monitors the metric with mode="auto".
        self._direction = "up"

    def score(self, y_true, y_pred):
        """One value per image, `(batch,)`."""
        raise NotImplementedError  # Each metric implements its own score.

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch of images, each with its weight (`(batch,)` or `(batch, 1, 1, 1)`)."""
        if sample_weight is not None:
            sample_weight = self._one_weight_an_image(sample_weight)
        return super().update_state(self.score(y_true, y_pred), sample_weight)

    def get_config(self):
        """Arguments that rebuild the metric."""
        return {
            **super().get_config(),
            "shave": self.shave,
            "max_value": self.max_value,
            "round_to_8bit": self.round_to_8bit,
        }

    def _one_weight_an_image(self, sample_weight):
        sample_weight = ops.convert_to_tensor(sample_weight, dtype=self.dtype)
        if any(size not in (1, None) for size in sample_weight.shape[1:]):
            raise ValueError(
                f"{type(self).__name__} weights whole images: expected sample_weight of shape "
                f"(batch,) or (batch, 1, 1, 1); got {tuple(sample_weight.shape)}."
            )
        return ops.reshape(sample_weight, (-1,)) if sample_weight.shape else sample_weight
