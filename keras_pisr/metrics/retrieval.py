"""Recall@K, mAP and identification: whether nearest neighbours belong to the same class.

The scores use NumPy, not `keras.ops`. They run once per epoch on embeddings that have left the
device; BLAS and NumPy do the matrix product and the sort at full speed, and the result is the same
on every backend. Similarities are float32 and exist for a few hundred queries at a time: 60,000
against 60,000 take about 300 MB beside the embeddings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


# Number of similarities at a time: 64 MB of float32. About four such arrays exist at once.
SIMILARITIES_AT_ONCE = 2**24


def prepare_embeddings(embeddings, labels, similarity, who):
    """Check and convert one side. For cosine similarity, the vectors get length 1."""
    embeddings, labels = np.asarray(embeddings, np.float32), np.asarray(labels)
    if embeddings.ndim != 2 or labels.shape != embeddings.shape[:1] or not len(labels):
        raise ValueError(
            f"{who}: expected embeddings (samples, dimensions) and one label per sample, at least "
            f"one; got {embeddings.shape} and {labels.shape}."
        )
    if not np.isfinite(embeddings).all():
        raise ValueError(f"{who}: an embedding is infinite or NaN. Has training diverged?")
    if similarity == "cosine":
        norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
        return embeddings / np.where(norms > 0, norms, 1), labels
    if similarity == "euclidean":
        return embeddings, labels
    raise ValueError(f'`similarity` must be "cosine" or "euclidean", got {similarity!r}.')


def similarity_chunks(queries, gallery, similarity):
    """Yield `(first query, similarities)`, the latter `(chunk, gallery)`."""
    rows = max(1, SIMILARITIES_AT_ONCE // len(gallery))
    if similarity == "euclidean":
        # Centring keeps the digits that a large common offset would cost; the order does not
        # change.
        centre = gallery.mean(axis=0)
        queries, gallery = queries - centre, gallery - centre
        squares = np.square(gallery).sum(axis=1)
    for first in range(0, len(queries), rows):
        products = queries[first : first + rows] @ gallery.T
        if similarity == "euclidean":
            # This is minus the squared distance, up to one constant per query.
            products *= 2
            products -= squares
        yield first, products


def average_precision(positives, negatives):
    """Mean, over the positives, of the precision at their rank; ties rank last, as one group."""
    positives, negatives = np.sort(positives), np.sort(negatives)
    above = len(positives) - np.searchsorted(positives, positives, side="left")
    wrong = len(negatives) - np.searchsorted(negatives, positives, side="left")
    return np.mean(above / (above + wrong))


def retrieval_scores(
    embeddings: np.ndarray,
    labels: np.ndarray,
    gallery: np.ndarray | None = None,
    gallery_labels: np.ndarray | None = None,
    *,
    ks: Sequence[int] = (1, 2, 4, 8),
    similarity: str = "cosine",
) -> dict[str, float]:
    """Recall@K and mean average precision of nearest-neighbour retrieval.

    Recall@K is the share of queries that have a sample of their class among the K nearest. mAP is
    the mean over queries of the average precision: the mean precision at the ranks of all samples
    of the query's class. Among equal similarities the wrong ones come first, so that a collapsed
    network scores low. Queries without a sample of their class in the gallery are left out.

    Cost: O(queries * gallery * dimensions) operations, and a few times 64 MB of memory.

    Args:
        embeddings: Queries, `(samples, dimensions)`; computed in float32.
        labels: Class of each query, `(samples,)`.
        gallery: Embeddings to search, `(others, dimensions)`. None searches among the queries,
            each without itself.
        gallery_labels: Class of each embedding in the gallery, `(others,)`.
        ks: The values of K for Recall@K.
        similarity: `"cosine"`, or `"euclidean"` for the smallest distance.

    Returns:
        A dict `{"recall@1": ..., "map": ..., "queries": ...}`: shares in `[0, 1]` and the
        number of queries counted.

    Raises:
        ValueError: If shapes do not match, a number is not finite, or no query has a sample of its
            class in the gallery.

    Example:
        >>> embeddings = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])
        >>> keras_pisr.metrics.retrieval_scores(embeddings, [0, 0, 1, 1], ks=[1])["recall@1"]
        1.0
    """
    queries, labels = prepare_embeddings(embeddings, labels, similarity, "Queries")
    alone = gallery is None
    if alone:
        gallery, gallery_labels = queries, labels
    else:
        gallery, gallery_labels = prepare_embeddings(gallery, gallery_labels, similarity, "Gallery")
    ranks, precisions = [], []
    for first, similarities in similarity_chunks(queries, gallery, similarity):
        for row, values in enumerate(similarities, start=first):
            same = gallery_labels == labels[row]
            wrong = ~same
            if alone:
                same[row] = False
            if not same.any():
                continue
            positives, negatives = values[same], values[wrong]
            ranks.append(1 + np.count_nonzero(negatives >= positives.max()))
            precisions.append(average_precision(positives, negatives))
    if not ranks:
        raise ValueError(
            "No query has a sample of its class in the gallery: check that the labels of both "
            "sides use the same numbers, and that a class has at least two samples."
        )
    recalls = {f"recall@{k}": float(np.mean(np.array(ranks) <= k)) for k in ks}
    return {**recalls, "map": float(np.mean(precisions)), "queries": len(ranks)}


def identification_rate(
    probes: np.ndarray,
    labels: np.ndarray,
    gallery: np.ndarray,
    gallery_labels: np.ndarray,
    *,
    similarity: str = "cosine",
) -> float:
    """Rank-1 identification: the share of probes whose nearest gallery entry has their class.

    Unlike `retrieval_scores`, a probe whose class is not enrolled counts as a miss.

    Args:
        probes: Embeddings to identify, `(samples, dimensions)`.
        labels: Class of each probe, `(samples,)`.
        gallery: Enrolled embeddings, `(others, dimensions)`; see `enroll`.
        gallery_labels: Class of each enrolled embedding, `(others,)`.
        similarity: As in `retrieval_scores`.

    Returns:
        A share in `[0, 1]`.

    Raises:
        ValueError: As `retrieval_scores`.
    """
    probes, labels = prepare_embeddings(probes, labels, similarity, "Probes")
    gallery, gallery_labels = prepare_embeddings(gallery, gallery_labels, similarity, "Gallery")
    hits = 0
    for first, similarities in similarity_chunks(probes, gallery, similarity):
        wanted = gallery_labels[None, :] == labels[first : first + len(similarities), None]
        right = np.where(wanted, similarities, -np.inf).max(axis=1)
        wrong = np.where(wanted, -np.inf, similarities).max(axis=1)
        hits += int(np.count_nonzero(right > wrong))
    return hits / len(probes)


def enroll(labels: np.ndarray, count: int = 1, *, start: int = 0) -> np.ndarray:
    """Choose `count` samples of each class as gallery; the rest are probes.

    Args:
        labels: Class of each sample, `(samples,)`.
        count: Number of samples to enrol per class.
        start: Position, within its class, of the first sample to enrol.

    Returns:
        Boolean `(samples,)`, True in the gallery.
    """
    chosen = np.zeros(len(labels), bool)
    labels = np.asarray(labels)
    for label in np.unique(labels):
        chosen[np.flatnonzero(labels == label)[start : start + count]] = True
    return chosen
