"""The second order of relations: the distances between the embeddings of a batch."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_pisr.losses.embedding_distances import (
    check_embeddings,
    squared_distances,
    where_positive,
)


def relative_distances(embeddings):
    """Distance of every pair over the mean of the positive distances, `(batch, batch)`.

    All entries are zero if all embeddings coincide.
    """
    distances = where_positive(ops.sqrt, squared_distances(embeddings))
    count = ops.sum(ops.cast(distances > 0, "float32"))
    total = ops.sum(distances)
    # Without a positive distance both sums are 0, and so is every numerator.
    mean = ops.where(count > 0, total, ops.ones_like(total)) / ops.maximum(count, 1.0)
    return distances / mean


def distance_loss(target: Any, prediction: Any, *, delta: float = 1.0) -> Any:
    """Difference between the distances of a batch and those of its guide, up to one scale.

    `mean_j huber(|s_i - s_j| / mu_s - |t_i - t_j| / mu_t)` for each sample `i`, where `mu` is
    the mean positive distance in the batch; over the batch, the mean of all `batch^2` pairs. The
    loss does not change if either side is moved, rotated or scaled. It is computed in float32, and
    `target` is treated as constant. Cost: O(batch^2 * dimensions) operations, O(batch^2) memory.

    A pair belongs to both its samples: half of it is weighted by each sample's `sample_weight`. A
    sample of weight 0 still counts in the scale `mu` and in the pairs of other samples. Coincident
    embeddings are at distance 0 and have no gradient between them. Batches of one or two samples
    give 0. If all predictions are one point, the loss is the mean of `huber(|t_i - t_j| / mu_t)`,
    with gradient 0.

    Args:
        target: The guide's embeddings, `(batch, dimensions)`.
        prediction: The learner's, `(batch, dimensions)`; the width may differ.
        delta: Difference at which the Huber loss turns from `d^2 / 2` into a line, in mean
            distances.

    Returns:
        One value per sample, `(batch,)`.

    Raises:
        ValueError: If either is not a matrix, or they differ in batch size.

    Example:

    >>> line = np.array([[0.0], [1.0], [2.0]])
    >>> float(keras_pisr.losses.distance_loss(line, 5 * line + 3)[0])
    0.0

    Reference:
        Park et al. 2019, "Relational Knowledge Distillation", equation 5,
        https://arxiv.org/abs/1904.05068; the paper takes the mean over the batch at once.
    """
    check_embeddings(target, prediction)
    guide = ops.stop_gradient(relative_distances(target))
    return keras.losses.huber(guide, relative_distances(prediction), delta=delta)


@keras.saving.register_keras_serializable(package="keras_pisr")
class DistanceLoss(keras.losses.Loss):
    """`distance_loss` as a Keras loss.

    Args:
        delta: As in `distance_loss`.
        reduction: As in `keras.losses.Loss`.
        name: Name of the loss in logs.

    Example:

    >>> square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> float(keras_pisr.losses.DistanceLoss()(square, 2 * square))
    0.0
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "distance_loss",
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype="float32")
        self.delta = delta

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value per sample."""
        return distance_loss(y_true, y_pred, delta=self.delta)

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {**super().get_config(), "delta": self.delta}
