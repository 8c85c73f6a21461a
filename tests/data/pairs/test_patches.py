import numpy as np
import pytest

from keras_pisr.data import (
    ImagePairs,
    PatchSampler,
    cut_patches,
    downscale,
    fixed_patches,
    rgb_to_y,
)

RNG = np.random.default_rng(0)
IMAGES = [RNG.integers(0, 256, (16 + 2 * i, 20, 3), dtype=np.uint8) for i in range(5)]


@pytest.fixture(scope="module")
def pairs():
    return ImagePairs.from_images([*IMAGES, IMAGES[0][..., 0]], scale=2)


def turned(image, turn):
    """The dihedral transform by definition, pixel by pixel."""
    size = len(image)
    result = np.empty_like(image)
    for row in range(size):
        for column in range(size):
            i, j = (column, row) if turn & 4 else (row, column)
            i = size - 1 - i if turn & 1 else i
            j = size - 1 - j if turn & 2 else j
            result[row, column] = image[i, j]
    return result


@pytest.mark.parametrize("turn", range(8))
def test_both_patches_are_crops_of_the_whole_images_under_every_turn(pairs, turn):
    table = np.array([[1, 2, 3, turn], [5, 0, 6, turn]], np.int32)
    lr, hr = cut_patches(pairs, table, 4)
    assert lr.shape == (2, 4, 4, 1) and hr.shape == (2, 8, 8, 1)
    whole_lr = rgb_to_y(downscale(IMAGES[1], 2))
    np.testing.assert_array_equal(lr[0], turned(whole_lr[2:6, 3:7], turn))
    np.testing.assert_array_equal(hr[0], turned(rgb_to_y(IMAGES[1])[4:12, 6:14], turn))
    # The gray image is used as it is.
    gray = IMAGES[0][..., :1]
    np.testing.assert_array_equal(lr[1], turned(rgb_to_y(downscale(gray, 2))[0:4, 6:10], turn))
    np.testing.assert_array_equal(hr[1], turned(gray[0:8, 12:20] * np.float32(1 / 255), turn))


def test_shrinking_a_turned_patch_gives_its_low_resolution_patch():
    # Independent of our own bookkeeping: away from the border, turn and downscale commute.
    smooth = np.add.outer(np.arange(64) * 2.0, np.arange(64) ** 2 / 40).astype(np.uint8)
    sampler = PatchSampler(ImagePairs.from_images([smooth], scale=2), patch=32, batch_size=8)
    lr, hr = sampler.batch(0, 0)
    small = downscale(hr, 2)
    np.testing.assert_allclose(small[:, 4:-4, 4:-4], lr[:, 4:-4, 4:-4], atol=1.5 / 255)


def test_draws_stay_inside_and_reach_every_place(pairs):
    sampler = PatchSampler(pairs, patch=16, batch_size=6, seed=3)
    table = np.concatenate([sampler.draw(0, step) for step in range(200)])
    assert table.dtype == np.int32 and table.min() == 0
    room = np.stack([pairs.heights, pairs.widths], 1)[table[:, 0]] - 8
    assert (table[:, 1:3] <= room).all()
    first = table[table[:, 0] == 0]
    assert {tuple(row) for row in first[:, 1:3].tolist()} == {(0, 0), (0, 1), (0, 2)}
    assert set(table[:, 3].tolist()) == set(range(8))


def test_every_image_appears_once_a_pass(pairs):
    # Batches of 4 from 6 images: passes end inside batches and epochs.
    sampler = PatchSampler(pairs, patch=8, batch_size=4, steps_per_epoch=2)
    images = np.concatenate([sampler.draw(e, s)[:, 0] for e in range(3) for s in range(2)])
    passes = images.reshape(-1, 6)
    assert all(sorted(turn) == list(range(6)) for turn in passes.tolist())
    assert len({tuple(turn) for turn in passes.tolist()}) > 1
    ordered = PatchSampler(pairs, patch=8, batch_size=6, shuffle=False)
    assert ordered.draw(0, 0)[:, 0].tolist() == list(range(6))


def test_a_batch_depends_on_seed_epoch_and_step_alone(pairs):
    def make(seed=0):
        return PatchSampler(pairs, patch=8, batch_size=4, steps_per_epoch=3, seed=seed)

    sampler = make()
    expected = sampler.draw(2, 1)
    sampler.draw(0, 0)
    np.testing.assert_array_equal(make().draw(2, 1), expected)
    for other in (make(1).draw(2, 1), make().draw(1, 1), make().draw(2, 0)):
        assert (other != expected).any()


def test_without_augmentation_nothing_is_turned(pairs):
    sampler = PatchSampler(pairs, patch=8, batch_size=16, augment=False)
    assert not sampler.draw(0, 0)[:, 3].any()


@pytest.mark.parametrize("photographs", [1, 9])
@pytest.mark.parametrize("scale", [2, 3])
def test_default_epoch_and_patch_do_not_depend_on_the_photographs(photographs, scale):
    images = [np.zeros((96, 120), np.uint8)] * photographs
    sampler = PatchSampler(ImagePairs.from_images(images, scale=scale))
    assert sampler.steps_per_epoch == 100
    assert sampler.side == 24
    assert len(sampler.draw(0, 0)) == 16


def test_small_images_are_left_out_and_named(pairs):
    with pytest.warns(UserWarning, match=r"2 of 6 images are smaller.*image 0, image 5"):
        sampler = PatchSampler(pairs, patch=18, batch_size=8)
    assert set(sampler.draw(0, 0)[:, 0].tolist()) == {1, 2, 3, 4}
    with pytest.raises(ValueError, match=r"None of the 6 images.*32 px.*smaller patch"):
        PatchSampler(pairs, patch=32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patch": 7}, "multiple of the scale 2; got 7. Use 6"),
        ({"patch": 0}, "patch to be a whole number"),
        ({"batch_size": 0}, "batch_size"),
        ({"steps_per_epoch": 0}, "steps_per_epoch"),
    ],
)
def test_wrong_arguments_are_named(pairs, options, message):
    with pytest.raises(ValueError, match=message):
        PatchSampler(pairs, **{"patch": 8, **options})


def test_fixed_patches_tile_each_image():
    image = np.arange(13 * 8, dtype=np.uint8).reshape(13, 8)
    lr, hr = fixed_patches(ImagePairs.from_images([image], scale=2), patch=4)
    assert lr.shape == (6, 2, 2, 1) and hr.shape == (6, 4, 4, 1)
    np.testing.assert_array_equal(hr[3, ..., 0], image[4:8, 4:8] * np.float32(1 / 255))
