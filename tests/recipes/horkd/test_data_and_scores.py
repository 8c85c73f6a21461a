"""What is trained and scored on, and how."""

import numpy as np
import pytest

import keras_pisr as kp
from horkd import data as horkd_data
from horkd import scores as horkd_scores
from horkd.settings import Settings
from tests.recipes.horkd.small import settings

pytest.importorskip("tensorflow")


def test_rank_1_is_the_mean_over_who_is_enrolled():
    embeddings = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [0.1, 1.0]])
    # The second image of class 0 is taken for class 1 where the first ones are enrolled; with
    # the second ones enrolled, both probes are right.
    assert horkd_scores.mean_identification_rate(embeddings, np.array([0, 0, 1, 1])) == 0.75


@pytest.mark.parametrize("score_on", ["test", "validation"])
@pytest.mark.parametrize("task", ["retrieval", "faces"])
def test_scored_classes_are_new(task, score_on):
    made = settings(task, None, score_on=score_on, train_classes=4 if score_on != "test" else 3)
    training, scored = horkd_data.load(made.resolved())
    assert not set(training.class_names) & set(scored.class_names)
    assert len(training.class_names) >= 2


def test_classification_scores_other_images_of_the_same_classes():
    training, scored = horkd_data.load(settings("classification", None).resolved())
    assert training.class_names == scored.class_names
    shown = {image.tobytes() for image in training.images}
    assert not any(image.tobytes() in shown for image in scored.images)


def test_validation_images_are_none_of_the_test_images(tmp_path):
    test = horkd_data.load(settings("classification", None).resolved())[1]
    made = settings("classification", None, score_on="validation").resolved()
    for part in horkd_data.load(made):
        shown = {image.tobytes() for image in part.images}
        assert not any(image.tobytes() in shown for image in test.images)


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_or_archive_in_parts_is_split_so(tmp_path, packed):
    rng = np.random.default_rng(0)
    for part, count in [("train", 3), ("val", 2)]:
        for name in ("a", "b"):
            for i in range(count):
                image = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
                kp.data.write_image(tmp_path / "set" / part / name / f"{i}.png", image)
    data = tmp_path / "set"
    if packed:
        import tarfile

        data = tmp_path / "set.tar"
        with tarfile.open(data, "w") as archive:
            archive.add(tmp_path / "set", arcname="set")
    made = Settings(data=data, epochs=1, teacher_epochs=1).resolved()
    training, scored = horkd_data.load(made)
    assert (len(training), len(scored)) == (6, 4)


def test_top1_and_top5_by_hand():
    logits = -np.abs(np.arange(8)[None] - np.array([[0.1], [6.9], [0.1]]))
    scores = horkd_scores.score("classification", {"logits": logits}, np.array([0, 4, 7]))
    assert scores == {"top1": 1 / 3, "top5": 2 / 3}


def test_summary_is_mean_and_sample_deviation():
    runs = {"0": {"plain": {"map": 0.1}}, "1": {"plain": {"map": 0.3}}}
    cell = horkd_scores.summary(runs)["plain"]["map"]
    assert cell["seeds"] == 2
    np.testing.assert_allclose([cell["mean"], cell["spread"]], [0.2, 0.02**0.5])
