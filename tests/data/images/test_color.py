import numpy as np
import pytest

from keras_pisr.data import rgb_to_y, rgb_to_ycbcr, ycbcr_to_rgb


def test_luma_of_primaries_is_that_of_the_standard():
    colours = np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]])
    expected = [16.0, 235.0, 81.481, 144.553, 40.966]
    np.testing.assert_allclose(rgb_to_y(colours.astype("uint8"))[:, 0] * 255, expected, rtol=1e-6)
    np.testing.assert_allclose(rgb_to_y(colours / 255.0)[:, 0] * 255, expected, rtol=1e-6)


def test_ycbcr_of_primaries_is_that_of_the_standard():
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [128, 128, 128]], "uint8")
    grey = 16 + 219 * 128 / 255
    expected = [
        [81.481, 90.203, 240.0],
        [144.553, 53.797, 34.214],
        [40.966, 240.0, 109.786],
        [grey, 128.0, 128.0],
    ]
    np.testing.assert_allclose(rgb_to_ycbcr(colours) * 255, expected, atol=1e-4)


def test_gray_is_scaled_but_not_remapped():
    gray = np.array([[[0], [128], [255]]], "uint8")
    np.testing.assert_allclose(rgb_to_y(gray)[0, :, 0], [0, 128 / 255, 1])
    floats = np.array([[[0.25]]], "float32")
    np.testing.assert_array_equal(rgb_to_y(floats), floats)


def test_y_is_the_first_plane_of_ycbcr():
    images = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3), dtype=np.uint8)
    np.testing.assert_allclose(rgb_to_y(images), rgb_to_ycbcr(images)[..., :1], atol=1e-6)
    assert rgb_to_y(images).dtype == rgb_to_ycbcr(images).dtype == np.float32


def test_round_trip_is_within_the_stated_error():
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    images = np.stack(np.meshgrid(levels, levels, levels), -1)
    back = ycbcr_to_rgb(rgb_to_ycbcr(images))
    assert np.abs(back - images / 255.0).max() < 1e-6
    np.testing.assert_array_equal(np.rint(back * 255), images)
    rounded = np.rint(rgb_to_ycbcr(images) * 255).astype("uint8")
    error = np.rint(ycbcr_to_rgb(rounded).clip(0, 1) * 255) - images
    assert np.abs(error).max() <= 2


def test_tensorflow_gives_the_same():
    tf = pytest.importorskip("tensorflow")
    images = np.random.default_rng(1).integers(0, 256, (2, 5, 4, 3), dtype=np.uint8)
    np.testing.assert_allclose(rgb_to_y(tf.constant(images)), rgb_to_y(images), atol=1e-7)
    ycbcr = rgb_to_ycbcr(tf.constant(images))
    np.testing.assert_allclose(ycbcr, rgb_to_ycbcr(images), atol=1e-6)
    np.testing.assert_allclose(ycbcr_to_rgb(ycbcr), images / 255.0, atol=1e-6)
    np.testing.assert_allclose(rgb_to_y(tf.constant(images[..., :1])), images[..., :1] / 255.0)


@pytest.mark.parametrize("function", [rgb_to_y, rgb_to_ycbcr, ycbcr_to_rgb])
def test_wrong_images_are_named(function):
    with pytest.raises(ValueError, match="alpha"):
        function(np.zeros((2, 2, 4), "uint8"))
    with pytest.raises(ValueError, match="uint8, or float"):
        function(np.zeros((2, 2, 3), "int32"))
