"""The feed without TensorFlow: the same batches, and `fit` sees new ones every epoch."""

import keras
import numpy as np
import pytest

import keras_pisr as kp

pytestmark = pytest.mark.core


def random_set(samples=20, classes=5, size=(16, 12)):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (samples, *size, 3), dtype=np.uint8)
    return kp.data.LabelledImages(images, np.arange(samples) % classes)


OPTIONS = [
    {"batch_size": 8},
    {"batch_size": 8, "per_class": 2},
    {"batch_size": 6, "training": False},
    {"batch_size": 8, "flip": False, "shift": 2, "seed": 3, "first_epoch": 4},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_batches_are_those_of_recognition_pairs(options):
    pytest.importorskip("tensorflow")
    dataset = kp.data.recognition_pairs(random_set(), lr_size=(4, 3), **options)
    sequence = kp.data.RecognitionSequence(random_set(), lr_size=(4, 3), **options)
    for _ in range(2):
        wanted = list(dataset.as_numpy_iterator())
        assert len(wanted) == len(sequence)
        for index, (lr, guide) in enumerate(wanted):
            got_lr, got = sequence[index]
            np.testing.assert_array_equal(got_lr, lr)
            np.testing.assert_array_equal(got["hr"], guide["hr"])
            np.testing.assert_array_equal(got["label"], guide["label"])
            assert (got_lr.dtype, got["label"].dtype) == (np.float32, np.int32)
        sequence.on_epoch_end()


def test_a_batch_out_of_order_is_the_same():
    sequence = kp.data.RecognitionSequence(random_set(), lr_size=(4, 3), batch_size=8)
    in_order = [sequence[index][0] for index in range(len(sequence))]
    for index in (2, 0, 1):
        np.testing.assert_array_equal(sequence[index][0], in_order[index])


def test_a_look_at_the_first_batch_costs_no_epoch():
    sequence = kp.data.RecognitionSequence(random_set(), lr_size=(4, 3), batch_size=8)
    first = sequence[0][0]
    sequence.on_epoch_end()
    np.testing.assert_array_equal(sequence[0][0], first)


def test_a_distiller_trains_on_it():
    student = kp.models.SmallRecognizer(5, width=4)
    before = [weights.copy() for weights in student.get_weights()]
    distiller = kp.distillers.HybridOrderDistiller(student=student, distillation_loss_weights={})
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    distiller.compile("adam", loss=loss)
    feed = kp.data.RecognitionSequence(random_set(), lr_size=(8, 6), batch_size=8)
    distiller.fit(feed, epochs=2, shuffle=False, verbose=0)
    assert any((a != b).any() for a, b in zip(before, student.get_weights(), strict=True))
    assert feed.epoch == 2


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="larger than the images"):
        kp.data.RecognitionSequence(random_set(), lr_size=(32, 3))
    with pytest.raises(ValueError, match="at most 5 here"):
        kp.data.RecognitionSequence(random_set(), lr_size=(4, 3), batch_size=12, per_class=2)
