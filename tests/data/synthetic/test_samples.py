import numpy as np
import pytest

from keras_pisr.data import sample_images
from keras_pisr.data.synthetic import samples


def test_splits_share_no_image():
    splits = [set(sample_images(split)) for split in ("train", "validation", "test")]
    assert [len(split) for split in splits] == [8, 2, 3]
    assert len(set.union(*splits)) == 13


def test_images_are_what_the_docstring_says():
    images = {
        name: x
        for split in ("train", "validation", "test")
        for name, x in sample_images(split).items()
    }
    assert all(image.dtype == np.uint8 and min(image.shape[:2]) > 150 for image in images.values())
    gray = {name for name, image in images.items() if image.shape[2] == 1}
    assert gray == {"brick", "camera", "coins", "grass", "gravel", "text"}
    assert images["coffee"].shape == (400, 600, 3)


def test_other_splits_are_named():
    with pytest.raises(ValueError, match="'train', 'validation', 'test'.*'val'"):
        sample_images("val")


def test_missing_scikit_image_says_what_to_install(monkeypatch):
    monkeypatch.setattr(samples, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"not installed.*keras-pisr\[recipes\]"):
        sample_images("test")
