import numpy as np
import pytest
from PIL import Image

from keras_pisr.data.images.blur_noise_jpeg import JPEG_BLOCK, add_noise, gaussian_blur, jpeg


def test_a_blurred_point_is_the_kernel_in_both_directions():
    point = np.zeros((15, 15, 1), np.uint8)
    point[7, 7] = 255
    weights = np.exp(-0.5 * np.arange(-3, 4) ** 2)
    weights /= weights.sum()
    wanted = np.zeros((15, 15))
    wanted[4:11, 4:11] = np.floor(255 * np.outer(weights, weights) + 0.5)
    np.testing.assert_array_equal(gaussian_blur(point, 1.0)[..., 0], wanted)
    # By hand: 0.3990503**2 * 255 = 40.6.
    assert gaussian_blur(point, 1.0)[7, 7, 0] == 41


def test_blur_keeps_constant_images_and_none_is_none(rng):
    flat = np.full((5, 6, 3), 77, np.uint8)
    np.testing.assert_array_equal(gaussian_blur(flat, 3.0), flat)
    image = rng.integers(0, 256, (6, 5, 3), dtype=np.uint8)
    np.testing.assert_array_equal(gaussian_blur(image, 0), image)


def test_blur_repeats_the_edge(rng):
    image = rng.integers(0, 256, (6, 6, 1), dtype=np.uint8)
    larger = np.pad(image, [(9, 9), (9, 9), (0, 0)], mode="edge")
    np.testing.assert_array_equal(gaussian_blur(image, 1.2), gaussian_blur(larger, 1.2)[9:-9, 9:-9])


def test_noise_has_the_deviation_in_levels_and_is_clipped(rng):
    flat = np.full((100, 100, 3), 128, np.uint8)
    noisy = add_noise(flat, 5, rng).astype(float)
    # Rounding adds 1/12 to the variance.
    assert noisy.std() == pytest.approx(np.sqrt(25 + 1 / 12), rel=0.02)
    assert abs(noisy.mean() - 128) < 0.2
    assert abs(np.corrcoef(noisy[..., 0].ravel(), noisy[..., 1].ravel())[0, 1]) < 0.05
    black = add_noise(np.zeros((50, 50, 1), np.uint8), 5, rng)
    assert 0.4 < (black == 0).mean() < 0.65
    np.testing.assert_array_equal(add_noise(flat, 0, rng), flat)


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_what_pillow_writes_and_reads(rng, tmp_path, channels):
    small = Image.fromarray(rng.integers(0, 256, (4, 5, 3), "uint8")).resize((19, 21))
    image = np.asarray(small)[..., :channels]
    Image.fromarray(image.squeeze()).save(tmp_path / "a.jpg", quality=40)
    with Image.open(tmp_path / "a.jpg") as file:
        wanted = np.asarray(file).reshape(image.shape)
    np.testing.assert_array_equal(jpeg(image, 40), wanted)
    assert (wanted != image).any()
    error = [np.abs(jpeg(image, quality).astype(int) - image).mean() for quality in (20, 60, 95)]
    assert error[0] > error[1] > error[2]


def test_blocks_of_jpeg_do_not_see_each_other(rng):
    image = rng.integers(0, 256, (2 * JPEG_BLOCK, JPEG_BLOCK, 1), dtype=np.uint8)
    np.testing.assert_array_equal(jpeg(image, 50)[:JPEG_BLOCK], jpeg(image[:JPEG_BLOCK], 50))
