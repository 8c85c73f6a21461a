"""Scores of verification, over pairs that have the same class or not; in NumPy, as `retrieval`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keras_pisr.metrics.pairs import all_pairs, pair_similarities

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_pairs(same, similarities):
    """Convert both; raise for unequal lengths, NaN, or pairs of only one kind."""
    same, similarities = np.asarray(same, bool), np.asarray(similarities)
    if same.ndim != 1 or same.shape != similarities.shape:
        raise ValueError(
            "`same` and `similarities` must have one value per pair; got shapes "
            f"{same.shape} and {similarities.shape}."
        )
    if same.all() or not same.any():
        raise ValueError(
            "Verification needs pairs of one class and pairs of two; got only one kind."
        )
    if not np.isfinite(similarities).all():
        raise ValueError("A similarity is infinite or NaN. Has training diverged?")
    return same, similarities


def roc_auc(same: np.ndarray, similarities: np.ndarray) -> float:
    """Probability that a pair of one class is more similar than one of two; ties count half.

    Args:
        same: Whether each pair is of one class, `(n,)`.
        similarities: Higher for more alike, `(n,)`.

    Returns:
        A number in `[0, 1]`; chance is 0.5.

    Raises:
        ValueError: If lengths differ, a value is not finite, or all pairs are of one kind.

    Example:
        >>> keras_pisr.metrics.roc_auc([True, True, False], [0.9, 0.4, 0.4])
        0.75
    """
    same, similarities = check_pairs(same, similarities)
    others = np.sort(similarities[~same])
    ours = similarities[same]
    below = np.searchsorted(others, ours, side="left")
    tied = np.searchsorted(others, ours, side="right") - below
    return float((below + 0.5 * tied).mean() / len(others))


def tar_at_far(same: np.ndarray, similarities: np.ndarray, far: float = 1e-3) -> float:
    """True accepts at the lowest threshold with no more than `far` false accepts.

    Args:
        same: Whether each pair is of one class, `(n,)`.
        similarities: Higher for more alike, `(n,)`.
        far: Share of pairs of two classes that may pass. With fewer than `1 / far` such pairs, none
            may pass, and the score is coarse.

    Returns:
        Share of the pairs of one class that pass, in `[0, 1]`.

    Raises:
        ValueError: As `roc_auc`.
    """
    same, similarities = check_pairs(same, similarities)
    others = np.sort(similarities[~same])[::-1]
    # A product that rounding puts below an integer must not lose a pair.
    allowed = int(far * len(others) + 1e-9)
    if allowed >= len(others):
        return 1.0
    return float(np.mean(similarities[same] > others[allowed]))


def best_threshold(same, similarities):
    """The threshold with the highest accuracy, midway between two values; the lowest of a tie.

    Args:
        same: Whether each pair is of one class, `(n,)`.
        similarities: Higher for more alike, `(n,)`.

    Returns:
        A threshold; pairs above it count as one class.
    """
    order = np.argsort(similarities, kind="stable")
    same, values = same[order], similarities[order].astype(np.float64)
    # With the threshold below value k, different pairs before it and same pairs after it are
    # correct.
    right = np.concatenate([[0], np.cumsum(~same)]) + same.sum()
    right -= np.concatenate([[0], np.cumsum(same)])
    middles = np.concatenate([[-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]])
    # A threshold cannot lie between equal values.
    possible = np.concatenate([[True], values[1:] > values[:-1], [True]])
    return middles[np.argmax(np.where(possible, right, -1))]


def k_fold_accuracy(
    same: np.ndarray, similarities: np.ndarray, *, folds: int = 10, seed: int = 0
) -> tuple[float, float]:
    """Accuracy of a threshold that was chosen on the other folds, averaged over folds.

    Pairs are assigned to folds at random, each kind evenly. An image can be in pairs of several
    folds.

    Args:
        same: Whether each pair is of one class, `(n,)`.
        similarities: Higher for more alike, `(n,)`.
        folds: Number of folds.
        seed: Makes the folds repeatable.

    Returns:
        `(mean, standard deviation)` over the folds, shares in `[0, 1]`.

    Raises:
        ValueError: As `roc_auc`, or if there are fewer pairs of a kind than folds.
    """
    same, similarities = check_pairs(same, similarities)
    if min(same.sum(), (~same).sum()) < folds:
        raise ValueError(
            f"{folds} folds need at least {folds} pairs of each kind; got {same.sum()} of one "
            f"class and {(~same).sum()} of two. Use more pairs or fewer folds."
        )
    rng = np.random.default_rng(seed)
    fold = np.empty(len(same), int)
    for kind in (True, False):
        members = rng.permutation(np.flatnonzero(same == kind))
        fold[members] = np.arange(len(members)) % folds
    accuracies = []
    for k in range(folds):
        held = fold == k
        threshold = best_threshold(same[~held], similarities[~held])
        accuracies.append(np.mean((similarities[held] > threshold) == same[held]))
    return float(np.mean(accuracies)), float(np.std(accuracies))


def verification_scores(
    embeddings: np.ndarray,
    labels: np.ndarray,
    *,
    pairs: np.ndarray | None = None,
    fars: Sequence[float] = (1e-2, 1e-3),
    folds: int = 10,
    seed: int = 0,
) -> dict[str, float]:
    """The usual scores of verification, from embeddings.

    Args:
        embeddings: `(samples, dimensions)`, compared by cosine.
        labels: Class of each embedding, `(samples,)`.
        pairs: Indices `(n, 2)` of the pairs to compare; None takes every pair. Accuracy is always
            measured on balanced pairs drawn from these, so that chance is 0.5.
        fars: False accept rates of `tar_at_far`.
        folds: As in `k_fold_accuracy`.
        seed: Makes the choice of pairs and the folds repeatable.

    Returns:
        A dict `{"auc", "accuracy", "accuracy_std", "tar@far=0.01", ..., "pairs"}`.

    Raises:
        ValueError: As `k_fold_accuracy`.
    """
    labels = np.asarray(labels)
    if pairs is None:
        pairs, _ = all_pairs(labels)
    pairs = np.asarray(pairs)
    same = labels[pairs[:, 0]] == labels[pairs[:, 1]]
    similarities = pair_similarities(embeddings, pairs)
    check_pairs(same, similarities)
    rng = np.random.default_rng(seed)
    kinds = [rng.permutation(np.flatnonzero(same == kind)) for kind in (True, False)]
    balanced = np.concatenate([kind[: min(map(len, kinds))] for kind in kinds])
    accuracy, spread = k_fold_accuracy(
        same[balanced], similarities[balanced], folds=folds, seed=seed
    )
    return {
        "auc": roc_auc(same, similarities),
        "accuracy": accuracy,
        "accuracy_std": spread,
        **{f"tar@far={far:g}": tar_at_far(same, similarities, far) for far in fars},
        "pairs": len(pairs),
    }
