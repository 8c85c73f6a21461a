"""Side-by-side crops show the right pixels under the right labels."""

import importlib

import numpy as np
import pytest
from PIL import Image

from keras_pisr.evaluation.side_by_side import side_by_side

RNG = np.random.default_rng(0)


def drawn(monkeypatch, *args, **kwargs):
    """Captions of the panels of one picture."""
    # The package gives the function under this name, not the module.
    pictures = importlib.import_module("keras_pisr.evaluation.side_by_side")

    captions = []
    row = pictures._row

    def spy(panels, zoom):
        captions.extend(caption for caption, _ in panels)
        return row(panels, zoom)

    monkeypatch.setattr(pictures, "_row", spy)
    side_by_side(*args, **kwargs)
    return captions


def test_panels_hold_the_crop_enlarged_pixel_by_pixel(tmp_path):
    image = RNG.integers(0, 256, (8, 8, 3), "uint8")
    path = tmp_path / "a.png"
    side_by_side({"first": image, "second": 255 - image}, path, crop=(2, 1, 4, 3), zoom=40)
    with Image.open(path) as opened:
        picture = np.asarray(opened)
    np.testing.assert_array_equal(
        picture[8 : 8 + 160 : 40, 8 : 8 + 120 : 40], image[2:6, 1:4]
    )  # fmt: skip
    np.testing.assert_array_equal(
        picture[8 : 8 + 160 : 40, 136 : 136 + 120 : 40], 255 - image[2:6, 1:4]
    )
    assert picture.shape[1] == 8 + 2 * (120 + 8)


def test_a_low_resolution_image_is_enlarged_by_repetition(tmp_path):
    small = RNG.integers(0, 256, (4, 4), "uint8")
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    path = tmp_path / "a.png"
    side_by_side({"LR": small, "HR": large}, path, crop=(0, 0, 8, 8), zoom=10)
    with Image.open(path) as opened:
        picture = np.asarray(opened)
    np.testing.assert_array_equal(picture[8:88, 8:88], picture[8:88, 96:176])


def test_the_crop_is_where_the_last_two_methods_differ_most(tmp_path):
    reference = np.zeros((32, 32))
    one, two = reference.copy(), reference.copy()
    two[20:24, 9:13] = 1.0
    two[28:32] = 1.0  # What padding does at the edge does not count.
    reference[0:4, 0:4] = 1.0  # Both methods miss this alike: it is not what tells them apart.
    path = tmp_path / "a.png"
    side_by_side({"one": one, "two": two, "HR": reference}, path, crop=4, zoom=30)
    with Image.open(path) as opened:
        picture = np.asarray(opened)
    assert np.all(picture[8:128, 8:128] == 0)
    assert np.all(picture[8:128, 136:256] == 255)


def test_captions_carry_decibels_of_images_of_full_size(tmp_path, monkeypatch):
    images = {"LR": np.zeros((4, 4)), "gray": np.full((8, 8), 0.1), "HR": np.zeros((8, 8))}
    captions = drawn(monkeypatch, images, tmp_path / "a.png")
    assert captions == ["LR", "gray\n20.00 dB", "HR"]


def test_given_decibels_are_printed_instead(tmp_path, monkeypatch):
    images = {"gray": np.full((8, 8), 0.1), "HR": np.zeros((8, 8))}
    captions = drawn(monkeypatch, images, tmp_path / "a.png", decibels={"gray": 33.666})
    assert captions == ["gray\n33.67 dB", "HR"]


def test_a_crop_larger_than_the_image_is_the_whole_image(tmp_path):
    images = {"a": np.zeros((6, 8)), "b": np.ones((6, 8))}
    side_by_side(images, tmp_path / "a.png", crop=100, zoom=20)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width == 8 + 2 * (8 * 20 + 8)


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        ({"a": np.zeros((8, 8))}, {}, "two images or more"),
        ({"a": np.zeros((8, 7)), "b": np.zeros((8, 8))}, {}, "'a' to be as large as"),
        ({"a": np.zeros((16, 16)), "b": np.zeros((8, 8))}, {}, "'a' to be as large as"),
        ({"a": np.zeros((8, 8, 4)), "b": np.zeros((8, 8))}, {}, "'a' to be .height, width"),
        ({"a": np.zeros((8, 8)), "b": np.zeros((8, 8))}, {"crop": (4, 4, 8, 8)}, "crop .* inside"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, images, options, message):
    with pytest.raises(ValueError, match=message):
        side_by_side(images, tmp_path / "a.png", **options)
    assert not list(tmp_path.iterdir())
