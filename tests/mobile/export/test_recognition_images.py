"""Labelled images at the student's size: folders, archives, letters, seen and new classes."""

import numpy as np
import pytest

from keras_pisr.data import LabelledImages, resize
from keras_pisr.mobile.export.recognition_images import calibration_images, recognition_images
from tests.mobile.conftest import CLASSES, SIZE, glyphs

READING = {"size": SIZE, "channels": 1, "lr_factor": 2}


@pytest.mark.parametrize("source", ["images", "images.tar"])
@pytest.mark.parametrize("part", ["train", "val"])
def test_folders_and_archives_give_the_same(letter_images, source, part):
    data = recognition_images(letter_images / source, part, **READING)
    wanted = glyphs()[0 if part == "train" else 1]
    assert data.class_names == tuple(f"class_{i}" for i in range(CLASSES))
    assert len(data) == len(wanted) and np.all(np.diff(data.labels) >= 0)
    # Files are sorted by their names within a class.
    for label in range(CLASSES):
        images = resize(wanted.images[wanted.labels == label], SIZE)
        found = data.images[data.labels == label]
        assert sorted(x.tobytes() for x in found) == sorted(x.tobytes() for x in images)


def test_images_of_low_resolution_pass_unchanged(letter_images):
    options = {"size": (16, 16), "channels": 1}
    data = recognition_images(letter_images / "images" / "val", "train", **options)
    images = glyphs()[1].images
    assert sorted(x.tobytes() for x in data.images) == sorted(x.tobytes() for x in images)


def test_seen_and_new_classes_are_disjoint(letter_images):
    images = letter_images / "images"
    seen = recognition_images(images, "train", train_classes=2, **READING)
    new = recognition_images(images, "val", train_classes=2, **READING)
    assert seen.class_names == ("class_0", "class_1")
    assert new.class_names == tuple(f"class_{i}" for i in range(2, CLASSES))
    for count in (0, CLASSES):
        with pytest.raises(ValueError, match=f"has 6 classes, so the first {count} cannot"):
            recognition_images(images, "val", train_classes=count, **READING)


def test_letters_are_divided_as_in_the_recipes():
    options = {"size": (12, 12), "channels": 3}
    held_out = recognition_images("letters", "val", **options)
    trained = recognition_images("letters", "train", **options)
    assert len(held_out) == 3 * 90 and len(trained) == 33 * 90
    assert held_out.images.shape[1:] == (12, 12, 3)
    np.testing.assert_array_equal(held_out.images[..., 0], held_out.images[..., 2])
    new = recognition_images("letters", "val", train_classes=60, **options)
    assert len(new.class_names) == 30 and len(new) == 36 * 30  # Classes whole: none was seen.


def test_sources_that_are_missing_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder or archive .*nowhere"):
        recognition_images(tmp_path / "nowhere", "val", **READING)
    with pytest.raises(ValueError, match="folder of images for each class"):
        recognition_images(tmp_path, "val", **READING)
    with pytest.raises(ValueError, match="whole number, 1 or more; got 0"):
        recognition_images("letters", "val", **READING | {"lr_factor": 0})


def test_calibration_takes_some_of_every_class():
    images = np.repeat(np.arange(0, 250, 25, dtype="uint8"), 7).reshape(-1, 1, 1, 1)
    data = LabelledImages(images, np.repeat(np.arange(10), 7))
    chosen = calibration_images(data, most=20)
    assert chosen.dtype == np.float32 and chosen.shape == (20, 1, 1, 1)
    np.testing.assert_allclose(np.unique(chosen), np.arange(0, 250, 25) / 255, rtol=1e-6)
    assert len(calibration_images(data)) == 70
