import numpy as np
import pytest

from keras_pisr.metrics import enroll, identification_rate, retrieval, retrieval_scores

pytestmark = pytest.mark.core


def random_case(seed, queries=40, gallery=60, classes=7):
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(queries, 5)),
        rng.integers(0, classes, queries),
        rng.normal(size=(gallery, 5)),
        rng.integers(0, classes, gallery),
    )


def test_a_line_of_four_by_hand():
    embeddings = np.array([[0.0], [1.0], [3.0], [7.0]])
    labels = np.array([0, 1, 0, 1])
    # Neighbours by distance: 0 sees 1 0 1, 1 sees 0 0 1, 3 sees 1 0 1, 7 sees 0 1 0.
    scores = retrieval_scores(embeddings, labels, ks=(1, 2, 3), similarity="euclidean")
    assert scores["recall@1"] == 0
    assert scores["recall@2"] == 0.75
    assert scores["recall@3"] == 1
    assert scores["map"] == pytest.approx((1 / 2 + 1 / 3 + 1 / 2 + 1 / 2) / 4)
    assert scores["queries"] == 4


@pytest.mark.parametrize("similarity", ["cosine", "euclidean"])
@pytest.mark.parametrize("alone", [True, False])
def test_recall_equals_the_naive_loop(similarity, alone, monkeypatch):
    # Seven queries at a time, so that the last chunk is not full.
    monkeypatch.setattr(retrieval, "SIMILARITIES_AT_ONCE", 7 * 60)
    queries, labels, gallery, gallery_labels = random_case(0)
    if alone:
        gallery, gallery_labels = queries, labels
    hits = {1: 0, 2: 0, 4: 0, 8: 0}
    for i, query in enumerate(queries):
        if similarity == "cosine":
            values = gallery @ query / np.linalg.norm(gallery, axis=1)
        else:
            values = -np.linalg.norm(gallery - query, axis=1)
        order = [j for j in np.argsort(-values) if not (alone and j == i)]
        for k in hits:
            hits[k] += any(gallery_labels[j] == labels[i] for j in order[:k])
    others = () if alone else (gallery, gallery_labels)
    scores = retrieval_scores(queries, labels, *others, similarity=similarity)
    assert {k: scores[f"recall@{k}"] for k in hits} == {k: n / 40 for k, n in hits.items()}


def test_map_equals_scikit_learn():
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    queries, labels, gallery, gallery_labels = random_case(1)
    distances = np.square(queries[:, None] - gallery[None]).sum(axis=2)
    expected = [
        sklearn_metrics.average_precision_score(gallery_labels == label, -row)
        for label, row in zip(labels, distances, strict=True)
    ]
    scores = retrieval_scores(queries, labels, gallery, gallery_labels, similarity="euclidean")
    assert scores["map"] == pytest.approx(np.mean(expected))


def test_average_precision_with_ties_equals_scikit_learn():
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(2)
    values, same = rng.integers(0, 5, 40) / 4, rng.random(40) < 0.3
    expected = sklearn_metrics.average_precision_score(same, values)
    assert retrieval.average_precision(values[same], values[~same]) == pytest.approx(expected)


def test_a_collapsed_network_scores_low():
    labels = np.arange(20) % 2
    scores = retrieval_scores(np.ones((20, 3)), labels, ks=(1, 8))
    assert scores["recall@1"] == scores["recall@8"] == 0
    assert scores["map"] == pytest.approx(9 / 19)


def test_queries_without_a_partner_are_left_out():
    embeddings = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]])
    scores = retrieval_scores(embeddings, [0, 0, 1], ks=[1])
    assert scores == {"recall@1": 1.0, "map": 1.0, "queries": 2}


def test_scaling_changes_nothing_for_cosine():
    queries, labels, *_ = random_case(3)
    factors = np.random.default_rng(0).uniform(0.1, 10, (len(queries), 1))
    assert retrieval_scores(queries, labels) == pytest.approx(
        retrieval_scores(factors * queries, labels)
    )


def test_identification_by_hand():
    gallery, names = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([3, 5])
    probes = np.array([[2.0, 1.0], [1.0, 3.0], [1.0, 1.0], [1.0, 0.0]])
    # Right, right, a tie (which is a miss), and one who is not enrolled.
    assert identification_rate(probes, [3, 5, 3, 9], gallery, names) == 0.5


def test_identification_equals_recall_at_one():
    case = random_case(4)
    assert identification_rate(*case) == retrieval_scores(*case)["recall@1"]


def test_enrol_the_first_of_each_class():
    chosen = enroll(np.array([2, 2, 1, 2, 1]), count=1)
    np.testing.assert_array_equal(chosen, [True, False, True, False, False])


def test_enrol_another_than_the_first():
    chosen = enroll(np.array([2, 2, 1, 2, 1]), start=1)
    np.testing.assert_array_equal(chosen, [False, True, False, False, True])


def test_wrong_inputs_are_named():
    with pytest.raises(ValueError, match="one label per sample"):
        retrieval_scores(np.zeros((3, 2)), [0, 1])
    with pytest.raises(ValueError, match="diverged"):
        retrieval_scores(np.full((2, 2), np.nan), [0, 0])
    with pytest.raises(ValueError, match="at least two samples"):
        retrieval_scores(np.eye(3), [0, 1, 2])
    with pytest.raises(ValueError, match="cosine"):
        retrieval_scores(np.eye(2), [0, 0], similarity="dot")
