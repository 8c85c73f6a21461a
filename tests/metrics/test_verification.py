import numpy as np
import pytest

from keras_pisr.metrics import (
    all_pairs,
    k_fold_accuracy,
    pair_similarities,
    roc_auc,
    tar_at_far,
    verification_scores,
)
from keras_pisr.metrics.verification import best_threshold

pytestmark = pytest.mark.core


def random_scores(seed, pairs=200, levels=None):
    rng = np.random.default_rng(seed)
    same = rng.random(pairs) < 0.3
    scores = rng.normal(size=pairs) + same
    return same, scores if levels is None else np.round(scores * levels) / levels


def test_pairs_of_three_by_hand():
    pairs, same = all_pairs([7, 8, 7])
    np.testing.assert_array_equal(pairs, [[0, 1], [0, 2], [1, 2]])
    np.testing.assert_array_equal(same, [False, True, False])


def test_similarities_are_cosines_in_any_chunk():
    embeddings = np.array([[1.0, 0.0], [3.0, 3.0], [0.0, 0.0]])
    pairs = np.array([[0, 1], [1, 1], [0, 2]])
    for chunk in (1, 2, 100):
        result = pair_similarities(embeddings, pairs, chunk=chunk)
        np.testing.assert_allclose(result, [0.5**0.5, 1, 0], rtol=1e-6)


@pytest.mark.parametrize("levels", [None, 4])
@pytest.mark.parametrize("seed", [0, 1])
def test_auc_and_tar_equal_scikit_learn(seed, levels):
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    same, scores = random_scores(seed, levels=levels)
    assert roc_auc(same, scores) == pytest.approx(sklearn_metrics.roc_auc_score(same, scores))
    false, true, _ = sklearn_metrics.roc_curve(same, scores, drop_intermediate=False)
    for far in (0.3, 0.1, 0.01, 1e-4):
        assert tar_at_far(same, scores, far) == pytest.approx(true[false <= far].max())


def test_tar_by_hand():
    same = np.array([True] * 4 + [False] * 4)
    scores = np.array([0.9, 0.7, 0.5, 0.1, 0.8, 0.4, 0.3, 0.2])
    assert tar_at_far(same, scores, 0.0) == 0.25
    assert tar_at_far(same, scores, 0.25) == 0.75
    assert tar_at_far(same, scores, 0.75) == 0.75
    assert tar_at_far(same, scores, 1.0) == 1.0


def test_best_threshold_equals_trying_all():
    for seed in range(5):
        same, scores = random_scores(seed, pairs=30, levels=3)
        steps = np.unique(scores)
        tries = np.concatenate([[-np.inf], (steps[1:] + steps[:-1]) / 2, [np.inf]])
        best = max(np.mean((scores > t) == same) for t in tries)
        assert np.mean((scores > best_threshold(same, scores)) == same) == best


def test_separable_pairs_are_all_right():
    same = np.arange(100) % 2 == 0
    mean, spread = k_fold_accuracy(same, same * 0.5 + np.linspace(0, 0.1, 100))
    assert (mean, spread) == (1.0, 0.0)
    assert roc_auc(same, same.astype(float)) == 1.0


def test_thresholds_are_chosen_on_the_other_folds():
    # Random scores: a threshold that had seen its fold would do better than chance.
    same = np.arange(2000) % 2 == 0
    scores = np.random.default_rng(0).random(2000)
    mean, _ = k_fold_accuracy(same, scores)
    assert mean == pytest.approx(0.5, abs=0.03)


def test_verification_of_two_clear_classes():
    rng = np.random.default_rng(0)
    labels = np.arange(12) % 2
    embeddings = np.eye(2)[labels] + 0.1 * rng.normal(size=(12, 2))
    scores = verification_scores(embeddings, labels)
    assert scores == {
        "auc": 1.0,
        "accuracy": 1.0,
        "accuracy_std": 0.0,
        "tar@far=0.01": 1.0,
        "tar@far=0.001": 1.0,
        "pairs": 66,
    }


def test_wrong_inputs_are_named():
    with pytest.raises(ValueError, match="one kind"):
        roc_auc([True, True], [0.1, 0.2])
    with pytest.raises(ValueError, match="one value per pair"):
        roc_auc([True, False], [0.1])
    with pytest.raises(ValueError, match="diverged"):
        tar_at_far([True, False], [0.1, np.nan])
    with pytest.raises(ValueError, match="fewer folds"):
        k_fold_accuracy([True, False, False], [0.3, 0.2, 0.1])
