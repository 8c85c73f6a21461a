"""Pairs of samples of the same class and of different classes, for verification."""

from __future__ import annotations

import numpy as np


def all_pairs(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every unordered pair of samples.

    Cost: O(samples^2) memory; 10,000 samples make 50 million pairs, 800 MB.

    Args:
        labels: Class of each sample, `(samples,)`.

    Returns:
        `(pairs, same)`: indices `(n, 2)`, and whether the two have the same class, `(n,)`.
    """
    labels = np.asarray(labels)
    pairs = np.stack(np.triu_indices(len(labels), k=1), axis=1)
    return pairs, labels[pairs[:, 0]] == labels[pairs[:, 1]]


def pair_similarities(
    embeddings: np.ndarray, pairs: np.ndarray, *, chunk: int = 65536
) -> np.ndarray:
    """Cosine of each pair, in float32; 0 if an embedding is zero.

    Args:
        embeddings: `(samples, dimensions)`.
        pairs: Indices, `(n, 2)`.
        chunk: Number of pairs at a time, which bounds memory.

    Returns:
        `(n,)` in `[-1, 1]`.
    """
    embeddings = np.asarray(embeddings, np.float32)
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.where(norms > 0, norms, 1)
    parts = [
        np.einsum("nd,nd->n", unit[part[:, 0]], unit[part[:, 1]])
        for part in (pairs[i : i + chunk] for i in range(0, len(pairs), chunk))
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
