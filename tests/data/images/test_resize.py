import numpy as np
import pytest
from PIL import Image

from keras_pisr.data import downscale, resize, upscale


def naive_resize_axis(values, n_out, antialias=True, border="replicate"):
    """One line, in floating point, straight from the definition."""
    n_in = len(values)
    ratio = n_in / n_out
    stretch = max(ratio, 1.0) if antialias else 1.0

    def kernel(x):
        x = abs(x)
        if x <= 1:
            return 1.5 * x**3 - 2.5 * x**2 + 1
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0

    result = []
    for i in range(n_out):
        centre = (i + 0.5) * ratio - 0.5
        weights, total = 0.0, 0.0
        for j in range(int(centre - 2 * stretch) - 2, int(centre + 2 * stretch) + 3):
            w = kernel((centre - j) / stretch)
            source = j
            if border == "replicate":
                source = min(max(j, 0), n_in - 1)
            else:
                while not 0 <= source < n_in:
                    source = -1 - source if source < 0 else 2 * n_in - 1 - source
            weights += w
            total += w * values[source]
        result.append(total / weights)
    return np.array(result)


GOLDEN_THIRD = [
    [93, 136, 167, 113],
    [116, 147, 145, 165],
    [157, 156, 108, 129],
    [178, 126, 101, 81],
]
GOLDEN_THIRD_MIRROR = [
    [91, 133, 168, 112],
    [116, 147, 145, 164],
    [157, 156, 108, 129],
    [175, 127, 102, 78],
]


def test_half_size_weights_are_those_worked_out_by_hand():
    # Kernel at 1/4, 3/4, 5/4, 7/4, halved: 111, 29, -9, -3 over 256.
    line = np.zeros((1, 16))
    line[0, 6] = 256.0
    np.testing.assert_allclose(resize(line, (1, 8))[0], [0, -3, 29, 111, -9, 0, 0, 0])


def test_third_size_weights_are_those_worked_out_by_hand():
    # Kernel at 0, 1/3, 2/3, 1, 4/3, 5/3, divided by 3: 27, 21, 9, 0, -2, -1 over 81.
    taps = [-1, -2, 0, 9, 21, 27, 21, 9, 0, -2, -1]
    line = np.zeros((1, 33))
    for offset, weight in zip(range(-5, 6), taps, strict=True):
        shifted = line.copy()
        shifted[0, 16 + offset] = 81.0
        np.testing.assert_allclose(resize(shifted, (1, 11))[0, 5], weight, atol=1e-12)


def test_ties_are_rounded_up_between_the_passes():
    # The mean of 0 and 1 is 0.5 in each column: up to 1; then a row of ones stays 1.
    image = np.array([[0, 0], [1, 1]], np.uint8)
    assert resize(image, (1, 2)).tolist() == [[1, 1]]
    assert resize(image.T, (2, 1)).tolist() == [[1], [1]]
    # Rounding after the first pass shows: without it (0.5 + 0) / 2 would be 0.
    assert resize(np.array([[0, 0], [1, 0]], np.uint8), (1, 1)).tolist() == [[1]]


def test_first_pass_is_clipped_before_the_second():
    column = np.array([255] * 4 + [0] * 4, np.uint8)
    image = np.repeat(column[:, None], 8, 1)
    # Before clipping the column is 255 * (259, 239, 17, -3) / 256.
    clipped = resize(image, (4, 4))
    free = resize(image.astype("float64"), (4, 4))
    assert free.max() > 255 and free.min() < 0
    assert clipped[:, 0].tolist() == [255, 238, 17, 0]


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("border", ["replicate", "mirror"])
@pytest.mark.parametrize("size", [(8, 8), (5, 4), (16, 3), (24, 30), (7, 13), (1, 1), (32, 15)])
def test_matches_a_naive_loop(size, border, antialias):
    rng = np.random.default_rng(0)
    image = rng.random((16, 15))
    options = {"antialias": antialias, "border": border}
    columns = np.stack([naive_resize_axis(c, size[0], **options) for c in image.T], 1)
    expected = np.stack([naive_resize_axis(r, size[1], **options) for r in columns])
    np.testing.assert_allclose(resize(image, size, **options), expected, atol=1e-12)
    single = resize(image.astype("float32"), size, **options)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, atol=2e-6)

    pixels = rng.integers(0, 256, (16, 15), dtype=np.uint8)
    columns = np.stack([naive_resize_axis(c, size[0], **options) for c in pixels.T], 1)
    columns = np.clip(np.floor(columns + 0.5 + 1e-9), 0, 255)
    rows = np.stack([naive_resize_axis(r, size[1], **options) for r in columns])
    rows = np.clip(np.floor(rows + 0.5 + 1e-9), 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(resize(pixels, size, **options), rows)


def test_golden_image_of_arithmetic_noise():
    # Computed once with Python integers alone; the mirrored one from an image padded by hand.
    image = (np.arange(12 * 12).reshape(12, 12) ** 2 * 7 % 256).astype(np.uint8)
    assert resize(image, (4, 4)).tolist() == GOLDEN_THIRD
    assert resize(image, (4, 4), border="mirror").tolist() == GOLDEN_THIRD_MIRROR


@pytest.mark.parametrize("shape", [(12, 8, 3), (2, 12, 8, 3), (2, 3, 12, 8, 1)])
def test_channels_and_batches_are_resized_one_by_one(shape):
    images = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    small = resize(images, (6, 5))
    assert small.shape == (*shape[:-3], 6, 5, shape[-1])
    planes = np.moveaxis(images, -1, -3).reshape(-1, 12, 8)
    expected = np.stack([resize(plane, (6, 5)) for plane in planes])
    np.testing.assert_array_equal(np.moveaxis(small, -1, -3).reshape(-1, 6, 5), expected)


def test_a_constant_stays_constant():
    for value in (0, 1, 127, 255):
        image = np.full((13, 17), value, np.uint8)
        for size in ((5, 6), (26, 34), (13, 4), (40, 17)):
            assert (resize(image, size) == value).all()


def test_flips_and_transposes_commute_for_floats():
    image = np.random.default_rng(2).random((12, 15))
    small = resize(image, (4, 5))
    np.testing.assert_allclose(resize(image[::-1], (4, 5))[::-1], small, atol=1e-12)
    np.testing.assert_allclose(resize(image.T, (5, 4)).T, small, atol=1e-12)


def test_same_size_is_the_same_image():
    image = np.random.default_rng(3).integers(0, 256, (9, 7), dtype=np.uint8)
    np.testing.assert_array_equal(resize(image, (9, 7)), image)


def test_blocks_do_not_show():
    # Long enough for several bands and several blocks of rows.
    image = np.random.default_rng(4).integers(0, 256, (700, 260), dtype=np.uint8)
    small = resize(image, (350, 130))
    np.testing.assert_array_equal(
        small[100:110, 50:60], resize(image[180:240, 80:140], (30, 30))[10:20, 10:20]
    )


def test_downscale_crops_to_a_multiple_and_upscale_enlarges():
    image = np.random.default_rng(5).integers(0, 256, (11, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(downscale(image, 3), resize(image[:9, :6], (3, 2)))
    np.testing.assert_array_equal(downscale(image[..., 0], 3), downscale(image, 3)[..., 0])
    np.testing.assert_array_equal(upscale(image, 2), resize(image, (22, 16)))
    assert downscale(image, 1) is not None
    np.testing.assert_array_equal(downscale(image, 1), image)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: resize(np.zeros(4, np.uint8), (2, 2)), "Expected an image"),
        (lambda: resize(np.zeros((0, 4), np.uint8), (2, 2)), "at least one pixel"),
        (lambda: resize(np.zeros((4, 4), np.int32), (2, 2)), "uint8 or float"),
        (lambda: resize(np.zeros((4, 4)), (0, 2)), "at least"),
        (lambda: resize(np.zeros((4, 4)), (2, 2), border="wrap"), "border"),
        (lambda: downscale(np.zeros((4, 4)), 1.5), "whole number"),
        (lambda: downscale(np.zeros((4, 2)), 3), "at least 3 px"),
        (lambda: upscale(np.zeros(4), 3), "2 dimensions"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def published_pairs(root, names, scales=(2, 3, 4)):
    for name in names:
        for scale in scales:
            for path in sorted((root / "sr/benchmarks" / name / f"LR_bicubic/X{scale}").iterdir()):
                stem = path.stem.removesuffix(f"x{scale}")
                (hr,) = (root / "sr/benchmarks" / name / "HR").glob(f"{stem}.*")
                yield scale, hr, path


def different_pixels(pairs, function):
    count = 0
    for scale, hr_path, lr_path in pairs:
        hr, lr = np.asarray(Image.open(hr_path)), np.asarray(Image.open(lr_path))
        hr = hr[: lr.shape[0] * scale, : lr.shape[1] * scale]
        count += int((function(hr, lr.shape[:2]) != lr).sum())
    return count


def test_published_images_of_set5_are_reproduced_bit_for_bit(shared_data):
    assert different_pixels(published_pairs(shared_data, ["Set5"]), resize) == 0


@pytest.mark.slow
def test_all_published_images_are_reproduced_bit_for_bit(shared_data):
    pairs = list(published_pairs(shared_data, ["Set5", "Set14", "B100"]))
    assert len(pairs) == 357
    assert different_pixels(pairs, resize) == 0
