"""The third order of relations: the angles of every triplet of embeddings in a batch."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_pisr.losses.angle_blocks import angle_values
from keras_pisr.losses.embedding_distances import check_embeddings, squared_distances


def sample_anchors(
    batch: Any, count: int, seed: int | keras.random.SeedGenerator | None = None
) -> Any:
    """Draw `min(count, batch)` different sample indices, each as likely as any other.

    Args:
        batch: Number of samples, an integer or a scalar tensor.
        count: Number of anchors wanted.
        seed: An integer (the same draw every time) or a `keras.random.SeedGenerator`.

    Returns:
        int32, `(min(count, batch),)`.
    """
    return keras.random.shuffle(ops.arange(batch, dtype="int32"), seed=seed)[:count]


def angle_loss(target: Any, prediction: Any, *, delta: float = 1.0, anchors: Any = None) -> Any:
    """Difference between the angles of a batch's triplets and those of its guide.

    `mean_jk huber(cos s_jik - cos t_jik)` for each sample `i`, the vertex of the angle; over
    the batch, the mean of all `batch^3` triplets. The loss does not change if either side is moved,
    rotated or scaled. It is computed in float32, and `target` is treated as constant.

    Cost: O(batch^3 + batch^2 * dimensions) operations and O(batch^2) memory, forward and backward.
    Cosines come from squared distances by the law of cosines, for one block of vertices at a time,
    and the gradient is analytic. The loss cannot be differentiated twice.

    A triplet is weighted by its vertex's `sample_weight`; a sample of weight 0 is still an end of
    other triplets. An angle with an end on its vertex has cosine 0 and no gradient. Batches of one
    or two samples give 0. If all predictions are one point, the loss is the mean of
    `huber(cos t_jik)`, with gradient 0.

    Args:
        target: The guide's embeddings, `(batch, dimensions)`.
        prediction: The learner's, `(batch, dimensions)`; the width may differ.
        delta: Difference at which the Huber loss turns from `d^2 / 2` into a line, in cosines. A
            value of 2 or more is never reached.
        anchors: Different sample indices, int32 `(m,)`, to take as vertices (see
            `sample_anchors`); the ends are still all samples of the batch. The values of these
            vertices are multiplied by `batch / m`, and those of the other samples are 0. If the
            anchors are drawn evenly, loss and gradient are right on average, at `m / batch` of the
            cost. None takes every sample.

    Returns:
        One value per sample, `(batch,)`.

    Raises:
        ValueError: If either is not a matrix, or they differ in batch size.

    Example:

    >>> corner = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    >>> float(keras_pisr.losses.angle_loss(corner, 2 * corner)[0])
    0.0

    Reference:
        Park et al. 2019, "Relational Knowledge Distillation", equation 8,
        https://arxiv.org/abs/1904.05068; the paper uses the differences of all pairs, in
        O(batch^2 * dimensions) memory.
    """
    check_embeddings(target, prediction)
    guide = ops.stop_gradient(squared_distances(target))
    learner = squared_distances(prediction)
    if anchors is None:
        anchors = ops.arange(ops.shape(learner)[0], dtype="int32")
    return angle_values(guide, learner, ops.cast(anchors, "int32"), delta)


@keras.saving.register_keras_serializable(package="keras_pisr")
class AngleLoss(keras.losses.Loss):
    """`angle_loss` as a Keras loss.

    Args:
        delta: As in `angle_loss`.
        anchors: Number of samples to draw as vertices in each call; None takes all. Compiled steps
            of JAX draw anew only if the model that trains has this loss's `seed_generator` as an
            attribute; otherwise each step draws the same anchors.
        seed: Makes the draw repeatable; an integer or None.
        reduction: As in `keras.losses.Loss`.
        name: Name of the loss in logs.

    Example:

    >>> square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> float(keras_pisr.losses.AngleLoss()(square, 2 * square))
    0.0
    """

    def __init__(
        self,
        delta: float = 1.0,
        anchors: int | None = None,
        seed: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "angle_loss",
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype="float32")
        self.delta = delta
        self.anchors = anchors
        self.seed = seed
        self.seed_generator = None if anchors is None else keras.random.SeedGenerator(seed)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value per sample."""
        anchors = None
        if self.anchors is not None:
            anchors = sample_anchors(ops.shape(y_pred)[0], self.anchors, self.seed_generator)
        return angle_loss(y_true, y_pred, delta=self.delta, anchors=anchors)

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {
            **super().get_config(),
            "delta": self.delta,
            "anchors": self.anchors,
            "seed": self.seed,
        }
