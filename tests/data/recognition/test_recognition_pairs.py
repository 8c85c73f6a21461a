import numpy as np
import pytest

from keras_pisr.data import LabelledImages, recognition_pairs, resize
from keras_pisr.data.recognition.recognition_batches import augment_batch

tf = pytest.importorskip("tensorflow")


def random_set(samples=20, classes=5, size=(16, 12)):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (samples, *size, 3), dtype=np.uint8)
    return LabelledImages(images, np.arange(samples) % classes)


def batches(*args, **kwargs):
    return list(recognition_pairs(*args, **kwargs).as_numpy_iterator())


@pytest.mark.parametrize("training", [True, False])
def test_lr_is_the_downscaled_hr_after_augmentation(training):
    for lr, guide in batches(random_set(), lr_size=(4, 3), batch_size=8, training=training):
        hr = np.rint(guide["hr"] * 255).astype(np.uint8)
        np.testing.assert_array_equal(np.rint(lr * 255), resize(hr, (4, 3)))
        assert lr.dtype == guide["hr"].dtype == np.float32
        assert guide["label"].dtype == np.int32


def test_without_training_every_image_once_in_order():
    data = random_set()
    parts = batches(data, lr_size=(4, 3), batch_size=8, training=False)
    hr = np.concatenate([guide["hr"] for _, guide in parts])
    np.testing.assert_array_equal(np.rint(hr * 255), data.images)
    labels = np.concatenate([guide["label"] for _, guide in parts])
    np.testing.assert_array_equal(labels, data.labels)
    assert [len(lr) for lr, _ in parts] == [8, 8, 4]


def test_training_shows_every_image_once_an_epoch():
    data = random_set()
    parts = batches(data, lr_size=(4, 3), batch_size=8, flip=False, shift=0)
    hr = np.concatenate([np.rint(guide["hr"] * 255) for _, guide in parts])
    shown = sorted(map(bytes, hr.astype(np.uint8)))
    assert shown == sorted(map(bytes, data.images))
    assert not np.array_equal(hr, data.images)


@pytest.mark.parametrize("per_class", [None, 2])
def test_same_seed_same_epochs_and_every_epoch_its_own(per_class):
    def two_epochs(seed):
        dataset = recognition_pairs(
            random_set(), lr_size=(4, 3), batch_size=8, per_class=per_class, seed=seed
        )
        return [np.concatenate([lr for lr, _ in dataset]) for _ in range(2)]

    first, second = two_epochs(3)
    np.testing.assert_array_equal(two_epochs(3), [first, second])
    assert not np.array_equal(first, second)
    assert not np.array_equal(two_epochs(4)[0], first)


def test_class_batches_hold_p_classes_with_k_images():
    parts = batches(random_set(30, 5), lr_size=(4, 3), batch_size=12, per_class=4, shift=0)
    assert len(parts) == 2
    for lr, guide in parts:
        _, counts = np.unique(guide["label"], return_counts=True)
        np.testing.assert_array_equal(counts, [4, 4, 4])
        assert len({bytes(image) for image in lr}) == 12


def test_the_length_is_known():
    dataset = recognition_pairs(random_set(), lr_size=(4, 3), batch_size=8)
    assert len(dataset) == len(list(dataset)) == 3


def test_augmentation_moves_and_mirrors_whole_images():
    ramp = np.tile(np.arange(8, dtype=np.uint8)[:, None] * 10, (200, 6, 1, 1))
    ramp = ramp.reshape(200, 6, 8, 1)
    result = augment_batch(ramp, True, 2, np.random.default_rng(0))
    reflected = np.pad(ramp[0], ((2, 2), (2, 2), (0, 0)), mode="reflect")
    mirrored = np.pad(ramp[0][:, ::-1], ((2, 2), (2, 2), (0, 0)), mode="reflect")
    places = [(i, j) for i in range(5) for j in range(5)]
    possible = {bytes(x[i : i + 6, j : j + 8]) for x in (reflected, mirrored) for i, j in places}
    assert {bytes(image) for image in result} == possible


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="lr_size"):
        recognition_pairs(random_set(), lr_size=(32, 3))
    with pytest.raises(ValueError, match="per_class"):
        recognition_pairs(random_set(), lr_size=(4, 3), batch_size=9, per_class=2)
    with pytest.raises(ValueError, match="at most 5"):
        recognition_pairs(random_set(), lr_size=(4, 3), batch_size=12, per_class=2)
    with pytest.raises(ValueError, match="shift"):
        recognition_pairs(random_set(), lr_size=(4, 3), shift=12)


def test_a_continued_run_sees_the_epochs_it_has_not_seen():
    options = {"lr_size": (4, 3), "batch_size": 8, "seed": 3}
    from_start = recognition_pairs(random_set(), **options)
    list(from_start)
    second = [lr for lr, _ in from_start.as_numpy_iterator()]
    continued = [lr for lr, _ in batches(random_set(), first_epoch=1, **options)]
    for a, b in zip(second, continued, strict=True):
        np.testing.assert_array_equal(a, b)
