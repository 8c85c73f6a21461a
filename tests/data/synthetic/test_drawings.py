import numpy as np
import pytest

from keras_pisr.data import draw_images
from keras_pisr.data.synthetic.drawings import pattern, ring_phase


def test_the_same_seed_draws_the_same_and_more_draws_more():
    few, many = (draw_images(count, size=40) for count in (4, 8))
    other = draw_images(4, size=40, seed=1)
    assert list(few) == list(many)[:4]
    for name, image in few.items():
        np.testing.assert_array_equal(image, many[name])
        assert not np.array_equal(image, other[name])


def test_every_kind_is_drawn_in_gray_and_in_colour():
    images = draw_images(24, size=50)
    assert {image.dtype for image in images.values()} == {np.dtype("uint8")}
    seen = {(name.split()[0], image.shape) for name, image in images.items()}
    kinds = ("text", "shapes", "pattern", "noise")
    assert seen == {(kind, (50, 50, channels)) for kind in kinds for channels in (1, 3)}


def test_only_the_kinds_asked_for_are_drawn():
    names = list(draw_images(4, size=20, kinds=("shapes", "text")))
    assert names == ["text 0", "shapes 1", "text 2", "shapes 3"]
    for kinds in (("txt",), ()):
        with pytest.raises(ValueError, match="Expected kinds of .*'text', 'shapes'"):
            draw_images(1, kinds=kinds)


def test_text_is_never_a_blank_page():
    texts = [image for name, image in draw_images(80, size=96).items() if name.startswith("text")]
    assert len(texts) == 20 and all(image.std() > 0 for image in texts)


@pytest.mark.parametrize("block", [2, 3, 4])
def test_some_are_drawn_in_blocks(block):
    """So that the edges of the image at low resolution are hard, too."""
    images = [image for image in draw_images(40, size=48).values() if image.std() > 0]
    blocks = [image[::block, ::block].repeat(block, 0).repeat(block, 1) for image in images]
    equal = sum(np.array_equal(*pair) for pair in zip(images, blocks, strict=True))
    assert 0 < equal < 20


def test_the_phase_of_rings_by_hand():
    radius = np.array([0.0, 5.0, 48.0])
    np.testing.assert_array_equal(ring_phase(radius, 1, 48), [0, 5, 48])
    np.testing.assert_array_equal(ring_phase(radius, 2, 48), [0, 25 / 96, 24])


class Rings:
    """Stands in for a generator: rings of 4 px, centred, smooth, between black and white."""

    def __init__(self, power):
        self.choices, self.numbers = [0, power], [0.7, 0.7, 0.7]

    def uniform(self, low, high, shape=None):
        return np.full(shape, high / 2) if shape else 2

    def choice(self, values):
        return self.choices.pop(0)

    def random(self):
        return self.numbers.pop(0)

    def integers(self, *args):
        return 2


@pytest.mark.parametrize(("power", "least"), [(1, 22), (2, 5)])
def test_rings_are_many_and_no_blob(power, least):
    row = pattern(96, Rings(power))[48, :, 0].astype(int)
    turns = np.count_nonzero(np.diff(np.sign(row - 127.5)))
    # 96 px hold 24 rings of 4 px, which pass the middle gray twice each.
    assert least * 2 <= turns <= 48


def test_a_picture_too_small_to_draw_in_is_refused():
    with pytest.raises(ValueError, match="size of 16 px or more; got 8"):
        draw_images(1, size=8)
