"""Colours under transparent pixels do not show."""

import numpy as np
import pytest

from keras_pisr.data import upscale as bicubic
from keras_pisr.inference.image import upscale
from keras_pisr.inference.network import Network
from keras_pisr.inference.transparency import filled, is_see_through


def bicubic_network(luma):
    return bicubic(np.asarray(luma), 2)


def sharpening(luma):
    """A network that looks around, and so would see what is transparent."""
    luma = np.asarray(luma)
    around = sum(np.roll(luma, shift, axis) for shift in (-1, 1) for axis in (1, 2)) / 4
    return (2 * luma - around).repeat(2, axis=1).repeat(2, axis=2)


def sprite(channels, dtype, under):
    """A disc of one colour; `under` is the colour where nothing is."""
    y, x = np.mgrid[:24, :30]
    inside = (y - 12) ** 2 + (x - 15) ** 2 < 60
    peak = np.iinfo(dtype).max if dtype != "float32" else 1
    colour = np.array([0.8, 0.3, 0.2, 1][-channels:] if channels == 4 else [0.7, 1]) * peak
    image = np.where(inside[..., None], colour, np.array([under] * (channels - 1) + [0]) * peak)
    return image.astype(dtype), inside


@pytest.mark.parametrize("network", [bicubic_network, sharpening])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("under", [0, 1])
def test_a_sprite_has_no_fringe(network, dtype, channels, under):
    image, inside = sprite(channels, dtype, under)
    result = upscale(Network(network), image).astype(float)
    visible = result[..., -1] > 0.01 * result.max()
    colour = image[inside][0, :-1].astype(float)
    peak = np.iinfo(dtype).max if dtype != "float32" else 1
    error = np.abs(result[visible][:, :-1] - colour) / peak
    # The network is no bicubic at the image's own border, which the disc does not touch.
    assert error.max() < 0.01


def test_colours_are_weighed_by_alpha_as_premultiplied_ones_are():
    image = np.random.default_rng(0).integers(0, 256, (20, 17, 4), dtype=np.uint8)
    unit = image / 255.0
    large = bicubic(np.concatenate([unit[..., :3] * unit[..., 3:], unit[..., 3:]], axis=2), 2)
    result = upscale(Network(bicubic_network), image)
    np.testing.assert_allclose(result[..., 3], large[..., 3].clip(0, 1) * 255, atol=0.51)
    visible = large[..., 3] > 0.05
    wanted = (large[..., :3] / np.where(visible, large[..., 3], 1)[..., None]).clip(0, 1) * 255
    np.testing.assert_allclose(result[visible][:, :3], wanted[visible], atol=0.55)


@pytest.mark.parametrize("tile", [18, 21])
def test_tiles_leave_no_trace(tile):
    image = np.random.default_rng(0).integers(0, 256, (41, 37, 4), dtype=np.uint8)
    image[10:30, 5:20, 3] = 0
    network = Network(bicubic_network)
    tiled, whole = (upscale(network, image, tile=side).astype(int) for side in (tile, 64))
    assert np.abs(tiled - whole).max() <= 1


def test_opaque_pixels_keep_their_colour_and_transparent_ones_get_a_neighbours():
    image = np.zeros((7, 5, 4), np.uint8)
    image[2, 3] = 10, 20, 30, 255
    np.testing.assert_array_equal(filled(image), np.broadcast_to([10, 20, 30], (7, 5, 3)))


def test_bands_of_rows_leave_no_trace_in_what_is_filled(monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (37, 21, 4), dtype=np.uint8)
    whole = filled(image)
    monkeypatch.setattr("keras_pisr.inference.transparency._ROWS", 8)
    np.testing.assert_array_equal(filled(image), whole)


def test_an_image_without_a_visible_pixel_stays_finite():
    image = np.full((5, 4, 4), 77, np.uint8)
    image[..., 3] = 0
    assert is_see_through(image)
    assert (upscale(Network(bicubic_network), image)[..., 3] == 0).all()


def test_only_an_alpha_below_the_top_counts():
    assert not is_see_through(np.zeros((2, 2, 3), np.uint8))
    assert not is_see_through(np.full((2, 2, 4), 255, np.uint8))
    assert is_see_through(np.full((2, 2, 2), 65534, np.uint16))
