"""Degraded patches: in register, of the whole image, anew in every epoch, the same for a seed."""

import keras
import numpy as np
import pytest

from keras_pisr.data import (
    DevicePatches,
    ImagePairs,
    PatchSampler,
    PatchSequence,
    cut_patches,
    degradation,
    downscale,
    fixed_patches,
    paired_folder,
    rgb_to_y,
    write_image,
)
from keras_pisr.data.pairs.small_patches import small_patch
from tests.data.pairs.test_patches import turned

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (58, 84, 3), dtype=np.uint8)
GRAY = RNG.integers(0, 256, (70, 64, 1), dtype=np.uint8)
OPTIONS = {"patch": 12, "batch_size": 4, "steps_per_epoch": 2, "seed": 3}


@pytest.fixture(scope="module")
def pairs():
    return ImagePairs.from_images([COLOUR, GRAY], scale=2)


def whole(hr, scale, rng):
    """A function of the user that cannot see more than the patch's surroundings."""
    return downscale(hr, scale) // 2


@pytest.mark.parametrize("chosen", [None, "blur:1.5", "jpeg:40", "blur:0.7+jpeg:30", whole])
@pytest.mark.parametrize("image", [COLOUR, GRAY])
@pytest.mark.parametrize("made_of", ["lr and hr", "hr"])
def test_a_patch_is_the_crop_of_the_whole_image(chosen, image, made_of):
    degrade, rng = degradation(chosen), np.random.default_rng(0)
    wanted = (degrade or degradation("blur:0"))(image, 2, rng)
    lr = downscale(image, 2) if made_of == "lr and hr" else None
    corners = [(0, 0), (wanted.shape[0] - 5, wanted.shape[1] - 5), (11, 13), (14, 3)]
    for y, x in corners:
        small = small_patch(lr, image, y, x, 5, scale=2, degrade=degrade, rng=rng)
        np.testing.assert_array_equal(small, wanted[y : y + 5, x : x + 5])


@pytest.mark.parametrize("scale", [3, 4])
def test_so_is_it_at_other_scales(scale):
    image = COLOUR[: 58 // scale * scale, : 84 // scale * scale]
    for chosen in (None, "blur:2+jpeg:60"):
        degrade, rng = degradation(chosen), np.random.default_rng(0)
        wanted = (degrade or degradation("blur:0"))(image, scale, rng)
        small = small_patch(None, image, 6, 9, 4, scale=scale, degrade=degrade, rng=rng)
        np.testing.assert_array_equal(small, wanted[6:10, 9:13])


def test_a_mirrored_border_stays_mirrored(tmp_path):
    write_image(tmp_path / "a.png", COLOUR)
    pairs = ImagePairs.from_folder(tmp_path, scale=2, border="mirror", degrade="blur:0")
    lr, _ = cut_patches(pairs, np.array([[0, 0, 0, 0]]), 6)
    np.testing.assert_array_equal(lr[0], rgb_to_y(downscale(COLOUR, 2, border="mirror"))[:6, :6])


@pytest.mark.parametrize("turn", range(8))
def test_both_patches_are_in_register_under_every_turn(pairs, turn):
    spoiled = pairs.degraded("blur:1+jpeg:50")
    lr, hr = cut_patches(spoiled, np.array([[0, 7, 9, turn], [1, 3, 2, turn]]), 6)
    rng = np.random.default_rng(0)
    small = [degradation("blur:1+jpeg:50")(image, 2, rng) for image in (COLOUR, GRAY)]
    np.testing.assert_array_equal(lr[0], turned(rgb_to_y(small[0])[7:13, 9:15], turn))
    np.testing.assert_array_equal(lr[1], turned(rgb_to_y(small[1])[3:9, 2:8], turn))
    np.testing.assert_array_equal(hr[0], turned(rgb_to_y(COLOUR)[14:26, 18:30], turn))


@pytest.mark.parametrize("chosen", ["blur", "noise", "jpeg", "blur+noise+jpeg"])
def test_same_seed_same_batch_and_another_epoch_another_draw(pairs, chosen):
    sampler = PatchSampler(pairs.degraded(chosen), **OPTIONS)
    lr, hr = sampler.batch(0, 1)
    sampler.batch(1, 0)
    again, _ = PatchSampler(pairs.degraded(chosen), **OPTIONS).batch(0, 1)
    np.testing.assert_array_equal(lr, again)
    # The large patches, and where they lie, are those of the set that is not degraded.
    clean_lr, clean_hr = PatchSampler(pairs, **OPTIONS).batch(0, 1)
    np.testing.assert_array_equal(hr, clean_hr)
    assert (lr != clean_lr).any()
    # One place in two epochs.
    table, rngs = sampler.draw(0, 1), [np.random.default_rng([3, 2, e, 1]) for e in (0, 1)]
    one, two = (cut_patches(pairs.degraded(chosen), table, 6, rng)[0] for rng in rngs)
    np.testing.assert_array_equal(one, lr)
    assert (one != two).any()


def test_validation_is_degraded_once(pairs):
    spoiled = pairs.degraded("noise:20")
    lr, hr = fixed_patches(spoiled, patch=12)
    np.testing.assert_array_equal(lr, fixed_patches(spoiled, patch=12)[0])
    clean, same = fixed_patches(pairs, patch=12)
    np.testing.assert_array_equal(hr, same)
    assert 10 / 255 < (lr - clean).std() < 25 / 255


def test_sets_made_of_a_degraded_set_are_degraded(pairs):
    spoiled = pairs.degraded("jpeg:40")
    sets = [*spoiled.split(1), spoiled.resized(0.5), ImagePairs.join([spoiled, spoiled])]
    assert {str(each.degrade) for each in sets} == {"jpeg:40"}
    assert np.shares_memory(spoiled.hr, pairs.hr)
    assert spoiled.degraded("bicubic").degrade is None
    assert "degrade='jpeg:40'" in repr(spoiled)
    with pytest.raises(ValueError, match="join them first"):
        ImagePairs.join([pairs, spoiled])


def test_feeds_degrade_or_say_that_they_cannot(pairs, tmp_path):
    spoiled = pairs.degraded("noise+jpeg")
    lr, _ = PatchSequence(spoiled, **OPTIONS)[1]
    np.testing.assert_array_equal(lr, spoiled.sampler(**OPTIONS).batch(0, 1)[0])
    with pytest.raises(ValueError, match="not degraded; got ImagePairs.*Use PatchSequence"):
        DevicePatches(spoiled, **OPTIONS)
    if keras.backend.backend() == "tensorflow":
        write_image(tmp_path / "a.png", COLOUR)
        dataset = paired_folder(tmp_path, scale=2, degrade="noise+jpeg", **OPTIONS)
        spoiled = ImagePairs.from_folder(tmp_path, scale=2, degrade="noise+jpeg")
        sampler = spoiled.sampler(**OPTIONS)
        for epoch in range(2):
            for step, (lr, _) in enumerate(dataset):
                np.testing.assert_array_equal(lr, sampler.batch(epoch, step)[0])


def test_small_files_of_yours_are_spoiled_but_not_made_anew(tmp_path):
    write_image(tmp_path / "hr" / "a.png", COLOUR)
    write_image(tmp_path / "lr" / "a.png", downscale(COLOUR, 2) // 2)
    folders = {"hr_dir": tmp_path / "hr", "lr_dir": tmp_path / "lr", "scale": 2}
    lr, _ = cut_patches(
        ImagePairs.from_folder(**folders, degrade="noise:0"), np.array([[0, 0, 0, 0]]), 8
    )
    np.testing.assert_array_equal(lr[0], rgb_to_y(downscale(COLOUR, 2) // 2)[:8, :8])
    with pytest.raises(ValueError, match="leave out those"):
        ImagePairs.from_folder(**folders, degrade="blur")
