import numpy as np
import pytest

from keras_pisr.data import draw_images


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


def test_a_picture_too_small_to_draw_in_is_refused():
    with pytest.raises(ValueError, match="size of 16 px or more; got 8"):
        draw_images(1, size=8)
