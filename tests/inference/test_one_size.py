"""A network of one size on images of any size: the result of the same network for every size."""

import numpy as np
import pytest

from keras_pisr.inference.one_size import InTiles, mirrored
from keras_pisr.inference.tiles import Tile, cut_to

pytestmark = pytest.mark.core


def network(images):
    """Two 3x3 sums with zeros around each, doubled in size: brighter inside than at the edge."""
    for _ in range(2):
        padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
        height, width = images.shape[1:3]
        images = sum(
            padded[:, i : i + height, j : j + width] * (1 + i + 3 * j)
            for i in range(3)
            for j in range(3)
        )
    return images.repeat(2, axis=1).repeat(2, axis=2)


@pytest.fixture(scope="module")
def in_tiles():
    def strict(images):
        assert images.shape[1:3] == (9, 12)
        return network(images)

    return InTiles(strict, (1, 9, 12, 3))


def test_short_axes_by_hand():
    assert cut_to(5, 12, 2) == [Tile(0, 12, 0, 3), Tile(-7, 5, 3, 5)]
    assert cut_to(1, 12, 2) == [Tile(0, 12, 0, 1)]
    assert cut_to(12, 12, 2) == [Tile(0, 12, 0, 12)]
    assert [tile.stop - tile.start for tile in cut_to(20, 12, 2)] == [12, 12]
    np.testing.assert_array_equal(mirrored(Tile(-2, 5, 0, 3), 3), [1, 0, 0, 1, 2, 2, 1])


def test_every_size_gives_what_the_network_gives(in_tiles, rng):
    assert (in_tiles.scale, in_tiles.radius) == (2, 2)
    for height in (4, 5, 9, 10, 23):
        for width in (4, 7, 12, 13, 40):
            image = rng.random((1, height, width, 3), "float32")
            np.testing.assert_allclose(in_tiles(image), network(image), rtol=1e-5)


def test_an_image_within_the_receptive_field_is_mirrored(in_tiles, rng):
    image = rng.random((1, 1, 2, 3), "float32")
    assert in_tiles(image).shape == (1, 2, 4, 3)
    np.testing.assert_allclose(
        in_tiles(image)[:, :, :2],
        network(np.pad(image, ((0, 0), (0, 3), (0, 3), (0, 0)), mode="symmetric"))[:, :2, :2],
        rtol=1e-5,
    )


def test_a_network_that_sees_too_far_is_refused():
    with pytest.raises(ValueError, match="more than 1 px away.*height 4, width 9"):
        InTiles(network, (1, 4, 9, 1))
