import warnings

import numpy as np
import pytest

from keras_pisr.data import ImagePairs, PatchSampler
from keras_pisr.data.pairs.patch_detail import Detail, difference, prefer, summed_area


@pytest.fixture
def pairs(rng):
    images = [rng.integers(0, 256, (24, 32, 3), dtype=np.uint8), np.full((40, 24), 7, np.uint8)]
    # Left half flat, right half noise.
    images.append(np.concatenate([np.full_like(images[0], 90), images[0]], axis=1))
    return ImagePairs.from_images(images, scale=2)


def test_detail_is_the_mean_difference_over_the_patch(pairs):
    detail = Detail(pairs, side=5)
    places = [(0, 0, 0), (0, 7, 11), (1, 15, 7), (2, 3, 10), (2, 0, 0)]
    image, y, x = np.array(places).T
    for value, (i, top, left) in zip(detail(image, y, x), places, strict=True):
        lr, hr = (part.astype(int) for part in pairs.image(i))
        total = 0
        for row in range(top, top + 5):
            for column in range(left, left + 5):
                large = hr[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                total += int(np.abs(large - lr[row, column]).sum()) // large.size
        assert value == total / 25
    assert detail(*np.array([[1], [0], [0]])) == 0


def test_sums_that_wrapped_around_still_give_a_patch():
    sums = summed_area(np.full((70, 80), 2**20, np.uint32))
    assert int(sums[-1, -1]) != 70 * 80 * 2**20
    detail = object.__new__(Detail)
    detail.side, detail.sums = 10, [sums]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        places = np.array([(0, y, x) for y in range(61) for x in range(71)])
        assert set(detail(*places.T)) == {2**20}


def test_the_difference_of_a_constant_image_is_zero():
    lr, hr = np.full((3, 4, 1), 9, np.uint8), np.full((9, 12, 1), 9, np.uint8)
    assert difference(lr, hr).tolist() == np.zeros((3, 4)).tolist()
    hr[0, 0] = 27
    assert difference(lr, hr)[0, 0] == 2


def test_chances_are_in_proportion_to_weights():
    rng = np.random.default_rng(0)
    weights = np.array([1.0, 2.0, 5.0])
    counts = np.bincount(np.concatenate([prefer(np.log(weights), 1, rng) for _ in range(4000)]))
    np.testing.assert_allclose(counts / 4000, weights / 8, atol=0.03)
    assert prefer(np.log(weights), 3, rng).tolist() == [0, 1, 2]


def test_flat_patches_become_rare_and_others_do_not(pairs):
    shares = []
    for preference in (0.0, 1.0, 3.0):
        sampler = PatchSampler(pairs, patch=10, batch_size=8, detail=preference)
        tables = np.concatenate([sampler.draw(0, step) for step in range(80)])
        shares.append(np.mean(Detail(pairs, 5)(*tables[:, :3].T) == 0))
    assert 0.4 < shares[0] < 0.6
    assert shares[2] <= shares[1] < 0.5 * shares[0]


def test_a_batch_depends_on_seed_epoch_and_step_alone(pairs):
    options = {"patch": 10, "batch_size": 4, "steps_per_epoch": 3, "detail": 1.0}
    one, two = PatchSampler(pairs, **options), PatchSampler(pairs, **options)
    one.draw(0, 0)
    np.testing.assert_array_equal(one.draw(2, 1), two.draw(2, 1))
    assert one.draw(2, 1).shape == (4, 4) and one.draw(2, 1).dtype == np.int32
    assert (one.draw(2, 1) != one.draw(2, 2)).any()


def test_a_preference_below_zero_is_refused(pairs):
    with pytest.raises(ValueError, match="detail of 0 or more; got -1"):
        PatchSampler(pairs, patch=10, detail=-1)
