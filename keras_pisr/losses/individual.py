"""The first order of relations: each embedding and its own counterpart."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def individual_loss(target: Any, prediction: Any, *, delta: float = 1.0) -> Any:
    """Distance of each embedding from the guide's embedding of the same sample.

    The mean over dimensions of `huber(prediction - target)`, or of the squared difference.
    It is computed in float32, and `target` is treated as constant. A sample's value does not depend
    on the other samples.

    Args:
        target: The guide's embeddings, `(batch, dimensions)`.
        prediction: The learner's embeddings, same shape. If widths differ, project them first.
        delta: Difference at which the Huber loss turns from `d^2 / 2` into a line, in units of the
            embedding. None takes the squared difference `d^2`.

    Returns:
        One value per sample, `(batch,)`.

    Raises:
        ValueError: If the two differ in shape.

    Example:

    >>> target, prediction = np.zeros((1, 2)), np.array([[1.0, 3.0]])
    >>> float(keras_pisr.losses.individual_loss(target, prediction)[0])  # (0.5 + 2.5) / 2
    1.5
    """
    target, prediction = ops.cast(target, "float32"), ops.cast(prediction, "float32")
    if len(target.shape) != 2 or target.shape[1] != prediction.shape[-1]:
        raise ValueError(
            "`target` and `prediction` must be embeddings of one shape, (batch, dimensions); "
            f"got {tuple(target.shape)} and {tuple(prediction.shape)}. Project the prediction "
            "to the target's width with a Dense layer."
        )
    target = ops.stop_gradient(target)
    if delta is None:
        return ops.mean(ops.square(prediction - target), axis=-1)
    return keras.losses.huber(target, prediction, delta=delta)


@keras.saving.register_keras_serializable(package="keras_pisr")
class IndividualLoss(keras.losses.Loss):
    """`individual_loss` as a Keras loss.

    Args:
        delta: As in `individual_loss`.
        reduction: As in `keras.losses.Loss`.
        name: Name of the loss in logs.
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "individual_loss",
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype="float32")
        self.delta = delta

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value per sample."""
        return individual_loss(y_true, y_pred, delta=self.delta)

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {**super().get_config(), "delta": self.delta}
