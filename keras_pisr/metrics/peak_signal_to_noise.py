"""Peak signal-to-noise ratio, as a function and as a Keras metric."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_pisr.metrics.image_quality import prepare, psnr_per_image
from keras_pisr.metrics.per_image_mean import PerImageMean


def psnr(
    y_true: Any,
    y_pred: Any,
    *,
    shave: int = 0,
    max_value: float = 1.0,
    round_to_8bit: bool = False,
    cap: float = 100.0,
) -> Any:
    """Peak signal-to-noise ratio of each image.

    `10 log10(max_value^2 / mean((y_true - y_pred)^2))`, computed in float32.

    Args:
        y_true: Reference images, `(batch, height, width, channels)`, in `[0, max_value]`.
        y_pred: Predicted images, same shape.
        shave: Pixels removed from each side before comparing. In the super-resolution literature
            this number equals the scale.
        max_value: Value of white.
        round_to_8bit: Whether to clip `y_pred` to `[0, max_value]` and round it to 256
            levels first, as if it had been saved as a picture. Published figures are
            computed in this way. It is off by default, so that the formula is the textbook's.
        cap: Highest value returned, dB. Identical images have an infinite ratio, and one of
            them (a black square, say) would make the mean over a data set infinite.

    Returns:
        dB, `(batch,)`.

    Raises:
        ValueError: If the shapes differ, or nothing is left after shaving.

    Example:
        >>> import numpy as np
        >>> black, gray = np.zeros((1, 8, 8, 1)), np.full((1, 8, 8, 1), 0.1)
        >>> round(float(psnr(black, gray)[0]), 3)
        20.0
    """
    y_true, y_pred = prepare(
        ops,
        ops.convert_to_tensor(y_true, dtype="float32"),
        ops.convert_to_tensor(y_pred, dtype="float32"),
        shave=shave,
        max_value=max_value,
        round_to_8bit=round_to_8bit,
    )
    return psnr_per_image(ops, y_true, y_pred, max_value=max_value, cap=cap)


@keras.saving.register_keras_serializable(package="keras_pisr")
class PSNR(PerImageMean):
    """Mean over images of the peak signal-to-noise ratio, in dB.

    It is the mean of the ratios, as in the literature, not the ratio of the mean error. Each image
    counts the same, also in a smaller last batch.

    Args:
        shave: Pixels removed from each side before comparing.
        max_value: Value of white.
        round_to_8bit: Whether to clip predictions and round them to 256 levels, as
            published figures do.
        name: Name in the logs.
        dtype: Type of the running sums; float32 if not given.

    Example:
        >>> import keras, numpy as np
        >>> model = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Conv2D(1, 1)])
        >>> model.compile(loss="mae", metrics=[PSNR(shave=2)])
        >>> x = np.zeros((2, 16, 16, 1))
        >>> round(model.evaluate(x, x, verbose=0, return_dict=True)["psnr"], 2)
        100.0
    """

    def __init__(
        self,
        shave: int = 0,
        max_value: float = 1.0,
        round_to_8bit: bool = False,
        name: str = "psnr",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            shave=shave, max_value=max_value, round_to_8bit=round_to_8bit, name=name, dtype=dtype
        )

    def score(self, y_true: Any, y_pred: Any) -> Any:
        """PSNR of each image in dB, `(batch,)`."""
        return psnr(
            y_true,
            y_pred,
            shave=self.shave,
            max_value=self.max_value,
            round_to_8bit=self.round_to_8bit,
        )
