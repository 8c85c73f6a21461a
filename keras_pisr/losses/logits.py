"""Logit distillation, with the guide's softened class probabilities."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def logit_loss(target: Any, prediction: Any, *, temperature: float = 4.0) -> Any:
    """Divergence of the learner's softened class probabilities from the guide's.

    `T^2 * KL(softmax(target / T) || softmax(prediction / T))`. The factor `T^2` keeps the size of
    the gradient if `T` changes. The loss is computed in float32, and `target` is treated as
    constant.

    Args:
        target: The guide's logits, `(batch, classes)`.
        prediction: The learner's logits, same shape.
        temperature: `T`; larger values show more of how the guide ranks the wrong classes.

    Returns:
        Nats per sample, times `T^2`, `(batch,)`.

    Raises:
        ValueError: If the two differ in the number of classes.

    Example:

    >>> target, prediction = np.array([[1.0, 2.0]]), np.array([[5.0, 6.0]])
    >>> float(keras_pisr.losses.logit_loss(target, prediction)[0])
    0.0

    Reference:
        Hinton et al. 2015, "Distilling the Knowledge in a Neural Network",
        https://arxiv.org/abs/1503.02531
    """
    target, prediction = ops.cast(target, "float32"), ops.cast(prediction, "float32")
    if len(target.shape) != 2 or target.shape[1] != prediction.shape[-1]:
        raise ValueError(
            "`target` and `prediction` must be logits of one shape, (batch, classes); got "
            f"{tuple(target.shape)} and {tuple(prediction.shape)}. A guide with other classes "
            "can teach embeddings, not logits."
        )
    guide = ops.log_softmax(ops.stop_gradient(target) / temperature)
    learner = ops.log_softmax(prediction / temperature)
    return temperature**2 * ops.sum(ops.exp(guide) * (guide - learner), axis=-1)


@keras.saving.register_keras_serializable(package="keras_pisr")
class LogitLoss(keras.losses.Loss):
    """`logit_loss` as a Keras loss.

    Args:
        temperature: As in `logit_loss`.
        reduction: As in `keras.losses.Loss`.
        name: Name of the loss in logs.
    """

    def __init__(
        self,
        temperature: float = 4.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "logit_loss",
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype="float32")
        self.temperature = temperature

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value per sample."""
        return logit_loss(y_true, y_pred, temperature=self.temperature)

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {**super().get_config(), "temperature": self.temperature}
