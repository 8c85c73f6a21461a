"""Cosines, equal decisions and scores of a file beside its model, by hand."""

import numpy as np
import pytest

from keras_pisr.data import LabelledImages
from keras_pisr.mobile.export import recognition_agreement
from keras_pisr.mobile.export.recognition_agreement import check_recognition, paired_cosines

LABELS = [0, 0, 1, 1]
LOGITS = np.array([[2, 1], [0, 1], [0, 1], [0, 1]], "float32")  # Three of four are right.
EMBEDDING = np.array([[1, 0], [2, 0], [0, 1], [0, 3]], "float32")


class Stub:
    """Stands in for a model and for a file: gives what it was told, image by image.

    The first pixel of an image is its number.
    """

    name = "stub.tflite"

    def __init__(self, embedding=EMBEDDING, logits=LOGITS):
        self.output = {"embedding": embedding, "logits": logits}
        self.output = {name: values for name, values in self.output.items() if values is not None}

    def __call__(self, images):
        number = np.rint(images[:, 0, 0, 0] * 255).astype(int)
        return {name: values[number] for name, values in self.output.items()}

    predict_on_batch = __call__


@pytest.fixture
def data():
    images = np.zeros((4, 2, 2, 1), "uint8")
    images[:, 0, 0, 0] = range(4)
    return LabelledImages(images, LABELS)


def test_scores_of_known_outputs(data):
    turned = EMBEDDING @ [[0.6, 0.8], [-0.8, 0.6]]
    turned[0] = EMBEDDING[0]
    file = Stub(turned.astype("float32"), np.eye(2, dtype="float32")[LABELS])
    options = {"min_cosine": 0.5, "min_equal": 70}
    result = check_recognition(Stub(), file, data, precision="int8", **options)
    assert (result.images, result.score, result.equal_decisions) == (4, "top1", 0.75)
    assert result.worst_cosine == pytest.approx(0.6)
    assert result.mean_cosine == pytest.approx((1 + 3 * 0.6) / 4)
    assert result.keras_scores == {"top1": 0.75} and result.file_scores == {"top1": 1.0}
    assert result.loss == -25 and result.to_dict()["loss"] == -25


def test_verification_takes_every_pair(data):
    # Cosines: 1 within a class, 0 between. The file mixes up images 1 and 2, so that both pairs
    # of a class have 0, and of the four others two have 1.
    file = Stub(EMBEDDING[[0, 2, 1, 3]])
    limits = {"min_cosine": -1, "precision": "int8"}
    result = check_recognition(Stub(), file, data, score="verification", **limits)
    assert result.keras_scores == {"auc": 1, "tar@far=0.01": 1}
    assert result.file_scores == {"auc": 0.25, "tar@far=0.01": 0} and result.loss == 75


def test_of_many_images_some_of_all_are_paired(data, monkeypatch):
    # As if image 1 were of the other class: without it, all is right.
    file = Stub(EMBEDDING[[0, 2, 2, 3]])
    options = {"score": "verification", "precision": "int8", "min_cosine": -1}
    assert check_recognition(Stub(), file, data, **options).file_scores["auc"] == 0.5
    monkeypatch.setattr(recognition_agreement, "MOST_PAIRED", 3)  # Images 0, 2 and 3.
    result = check_recognition(Stub(), file, data, **options)
    assert result.file_scores["auc"] == 1 and result.images == 4


def test_models_without_logits_are_scored_by_verification(data):
    model = Stub(logits=None)
    result = check_recognition(model, model, data, precision="float32")
    assert result.equal_decisions is None and result.score == "auc"
    with pytest.raises(ValueError, match="top1 needs images of the no classes"):
        check_recognition(model, model, data, precision="float32", score="top1")
    with pytest.raises(ValueError, match="stub.tflite has no logits, but the model has"):
        check_recognition(Stub(), model, data, precision="float32")


@pytest.mark.parametrize(
    ("precision", "cosine", "passes"),
    [
        ("int8", 0.951, True),
        ("int8", 0.949, False),
        ("dynamic", 0.979, False),
        ("float16", 0.9991, True),
        ("float32", 0.9998, False),
        ("float32", np.nan, False),
    ],
)
def test_each_precision_has_its_least_cosine(data, precision, cosine, passes):
    embedding = EMBEDDING.copy()
    embedding[0] = cosine, np.sqrt(1 - cosine**2)
    if passes:
        result = check_recognition(Stub(), Stub(embedding), data, precision=precision)
        assert result.worst_cosine == pytest.approx(cosine, abs=1e-6)
    else:
        with pytest.raises(ValueError, match=f"a {precision} file should reach 0.9"):
            check_recognition(Stub(), Stub(embedding), data, precision=precision)


def test_a_file_that_decides_otherwise_is_refused(data):
    file = Stub(logits=LOGITS[:, ::-1])
    with pytest.raises(ValueError, match="for 0.0% of 4 images; a int8 file should reach 80%"):
        check_recognition(Stub(), file, data, precision="int8")
    options = {"precision": "int8", "min_equal": 0, "max_score_loss": 49}
    with pytest.raises(ValueError, match=r"loses 50.00 .*\(25.00 instead of 75.00\); at most 49"):
        check_recognition(Stub(), file, data, **options)
    assert check_recognition(Stub(), file, data, **options | {"max_score_loss": 50}).loss == 50


def test_cosines_of_zeros():
    a = np.array([[0, 0], [0, 0], [3, 4]], "float32")
    b = np.array([[0, 0], [1, 0], [3, 4]], "float32")
    np.testing.assert_allclose(paired_cosines(a, b), [1, 0, 1])
    with pytest.raises(ValueError, match=r"makes embeddings \(3, 1\) where the model makes"):
        paired_cosines(a, b[:, :1])


def test_scores_that_do_not_exist_are_named(data):
    with pytest.raises(ValueError, match="'top1' or 'verification'; got 'auc'"):
        check_recognition(Stub(), Stub(), data, precision="int8", score="auc")
