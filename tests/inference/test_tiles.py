"""Tiles: they cover the axis once, and the receptive field is measured as it is."""

import numpy as np
import pytest

from keras_pisr.inference.tiles import Tile, cut, measure

pytestmark = pytest.mark.core


def test_three_tiles_by_hand():
    wanted = [Tile(0, 11, 0, 8), Tile(5, 16, 8, 13), Tile(9, 20, 13, 20)]
    assert cut(20, 12, 3, grid=1) == wanted
    wanted = [Tile(0, 12, 0, 9), Tile(6, 18, 9, 15), Tile(8, 20, 15, 20)]
    assert cut(20, 12, 3) == wanted


def test_a_short_axis_is_one_tile():
    assert cut(12, 12, 3) == [Tile(0, 12, 0, 12)]
    assert cut(1, 12, 3) == [Tile(0, 1, 0, 1)]


@pytest.mark.parametrize("radius", [0, 1, 4])
@pytest.mark.parametrize("tile", [9, 12, 31])
@pytest.mark.parametrize("grid", [1, 5, 32])
def test_tiles_cover_the_axis_once_and_keep_only_what_has_its_context(tile, radius, grid):
    for length in range(1, 80):
        tiles = cut(length, tile, radius, grid=grid)
        covered = np.concatenate([np.arange(t.keep_start, t.keep_stop) for t in tiles])
        np.testing.assert_array_equal(covered, np.arange(length))
        for t in tiles:
            assert t.stop - t.start == tiles[0].stop <= min(tile, length)
            assert t.start >= 0 and t.stop <= length and t.keep_start < t.keep_stop
            assert t.start == 0 or t.keep_start - t.start >= radius
            assert t.stop == length or t.stop - t.keep_stop >= radius


def test_tiles_overlap_no_more_than_they_must():
    for length in range(513, 3000, 7):
        tiles = cut(length, 512, 8)
        read = sum(t.stop - t.start for t in tiles)
        assert read <= length + 16 * (len(tiles) - 1) + 32 * len(tiles)


def test_all_images_have_tiles_of_few_lengths():
    lengths = {cut(length, 512, 8)[0].stop for length in range(513, 20_000)}
    assert len(lengths) <= 9


def test_a_tile_within_the_receptive_field_is_refused():
    with pytest.raises(ValueError, match="keeps nothing.*17 px or more"):
        cut(100, 16, 8)


def shifted_sum(reach):
    """Each pixel plus the one `reach` to its left, doubled in size."""

    def run(image):
        return (
            (image + np.pad(image, ((0, 0), (reach, 0)))[:, : image.shape[1]])
            .repeat(2, 0)
            .repeat(2, 1)
        )

    return run


@pytest.mark.parametrize("reach", [0, 1, 5, 16, 63])
def test_a_known_reach_is_measured(reach):
    assert measure(shifted_sum(reach)) == (2, reach)


def test_a_wide_blur_is_measured():
    def run(image):
        return sum(np.roll(image, shift, axis=0) for shift in range(0, 100))

    assert measure(run) == (1, 99)


def test_weights_of_zero_are_reached_all_the_same():
    def run(image):
        return image + 0 * np.roll(image, 3, axis=0)

    assert measure(run) == (1, 3)


def test_a_backend_that_spreads_not_a_number_is_seen_through():
    # A resize as a product of matrices: not-a-number times zero is not a number anywhere.
    def run(image):
        enlarged = np.repeat(np.eye(len(image), dtype=np.float32), 2, axis=0)
        with np.errstate(invalid="ignore"):
            return enlarged @ np.roll(image, 2, axis=1) @ enlarged.T

    assert measure(run) == (2, 2)


def test_a_clip_that_drops_not_a_number_is_seen_through():
    def run(image):
        return np.nan_to_num(np.clip(np.roll(image, 2, axis=1), 0, 1))

    assert measure(run) == (1, 2)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda image: image - image.mean(), "cannot be run in tiles"),
        (lambda image: image[::2, ::2], "enlarge by a whole factor"),
        (lambda image: image.repeat(2, 0), "enlarge by a whole factor"),
        (lambda image: np.ones_like(image), "does not depend on its input"),
    ],
)
def test_what_cannot_be_tiled_is_refused(run, message):
    with pytest.raises(ValueError, match=message):
        measure(run)
