"""Structural similarity, as a function and as a Keras metric."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_pisr.metrics.image_quality import WINDOW, prepare, ssim_per_image
from keras_pisr.metrics.per_image_mean import PerImageMean


def ssim(
    y_true: Any, y_pred: Any, *, shave: int = 0, max_value: float = 1.0, round_to_8bit: bool = False
) -> Any:
    """Mean structural similarity of each image.

    Local means, variances and the covariance are taken under an 11x11 Gaussian window with a
    standard deviation of 1.5 px, wherever the window fits whole. `K1 = 0.01`, `K2 = 0.03`;
    variances divide by `n`, not `n - 1`. The computation is in float32; colour images give the mean
    over their channels.

    Args:
        y_true: Reference images, `(batch, height, width, channels)`, in `[0, max_value]`.
        y_pred: Predicted images, same shape.
        shave: Pixels removed from each side before comparing.
        max_value: Value of white.
        round_to_8bit: Whether to clip `y_pred` to `[0, max_value]` and round it to 256
            levels first, as published figures do.

    Returns:
        Values in `[-1, 1]`, 1 for identical images: `(batch,)`.

    Raises:
        ValueError: If the shapes differ, or if a side has fewer than 11 px after shaving.

    Example:
        >>> import numpy as np
        >>> image = np.random.default_rng(0).random((1, 16, 16, 1))
        >>> round(float(ssim(image, image)[0]), 5)
        1.0

    Reference:
        Wang et al. 2004, "Image quality assessment: from error visibility to structural
        similarity", equation 13, https://doi.org/10.1109/TIP.2003.819861
    """
    y_true, y_pred = prepare(
        ops,
        ops.convert_to_tensor(y_true, dtype="float32"),
        ops.convert_to_tensor(y_pred, dtype="float32"),
        shave=shave,
        max_value=max_value,
        round_to_8bit=round_to_8bit,
        smallest=WINDOW,
    )
    return ssim_per_image(ops, y_true, y_pred, max_value=max_value)


@keras.saving.register_keras_serializable(package="keras_pisr")
class SSIM(PerImageMean):
    """Mean over images of the structural similarity.

    Args:
        shave: Pixels removed from each side before comparing.
        max_value: Value of white.
        round_to_8bit: Whether to clip predictions and round them to 256 levels, as
            published figures do.
        name: Name in the logs.
        dtype: Type of the running sums; float32 if not given.

    Example:
        >>> import numpy as np
        >>> metric = SSIM(shave=2)
        >>> image = np.random.default_rng(0).random((2, 16, 16, 1))
        >>> metric.update_state(image, image, sample_weight=[1.0, 3.0])
        >>> round(float(metric.result()), 5)
        1.0
    """

    def __init__(
        self,
        shave: int = 0,
        max_value: float = 1.0,
        round_to_8bit: bool = False,
        name: str = "ssim",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            shave=shave, max_value=max_value, round_to_8bit=round_to_8bit, name=name, dtype=dtype
        )

    def score(self, y_true: Any, y_pred: Any) -> Any:
        """Similarity of each image, `(batch,)`."""
        return ssim(
            y_true,
            y_pred,
            shave=self.shave,
            max_value=self.max_value,
            round_to_8bit=self.round_to_8bit,
        )
