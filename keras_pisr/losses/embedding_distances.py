"""Squared distances within a batch of embeddings, which both relational losses use."""

from __future__ import annotations

from typing import Any

from keras import ops


def check_embeddings(target, prediction):
    """Raise a `ValueError` unless both are matrices with one row per sample."""
    shapes = tuple(target.shape), tuple(prediction.shape)
    if [len(shape) for shape in shapes] != [2, 2]:
        raise ValueError(
            "Relations are measured between embeddings of shape (batch, dimensions); got "
            f"{shapes[0]} and {shapes[1]}. Pool or flatten feature maps first."
        )
    rows = {shape[0] for shape in shapes} - {None}
    if len(rows) > 1:
        raise ValueError(
            "`target` and `prediction` must embed the same samples, one per row (widths may "
            f"differ); got {shapes[0]} and {shapes[1]}."
        )


def squared_distances(embeddings: Any, *, coincidence: float = 1e-6) -> Any:
    """Squared Euclidean distance of every pair in the batch, in float32.

    `|e_i|^2 + |e_j|^2 - 2 e_i . e_j` of the centred embeddings. Without the centring, an offset of
    100 standard deviations would cost four digits. Pairs that float32 cannot tell apart count as
    coincident: their distance is exactly 0 and has no gradient. Cost: O(batch^2 * dimensions)
    operations, O(batch^2) memory.

    Args:
        embeddings: `(batch, dimensions)`.
        coincidence: A pair coincides if its squared distance is at most
            `coincidence * (|e_i|^2 + |e_j|^2)`. 1e-6 is about ten roundings of the float32 sum.

    Returns:
        `(batch, batch)`, symmetric, 0 on the diagonal.
    """
    embeddings = ops.cast(embeddings, "float32")
    embeddings = embeddings - ops.mean(embeddings, axis=0, keepdims=True)
    products = ops.matmul(embeddings, ops.transpose(embeddings))
    norms = ops.sum(ops.square(embeddings), axis=1)
    sums = norms[:, None] + norms[None, :]
    distances = sums - 2 * products
    index = ops.arange(ops.shape(embeddings)[0])
    apart = ops.logical_and(distances > coincidence * sums, index[:, None] != index[None, :])
    return ops.where(apart, distances, ops.zeros_like(distances))


def where_positive(function, values):
    """`function` of the positive entries of `values`, 0 elsewhere.

    The inner `where` keeps the unused branch finite, so that its gradient is 0 and not NaN.
    """
    positive = values > 0
    safe = ops.where(positive, values, ops.ones_like(values))
    return ops.where(positive, function(safe), ops.zeros_like(values))
