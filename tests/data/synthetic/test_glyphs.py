import numpy as np
import pytest

from keras_pisr.data import LabelledImages, render_glyphs
from keras_pisr.data.synthetic.glyphs import CHARACTERS, FONTS

pytest.importorskip("matplotlib")


def test_every_character_in_every_font_at_three_heights():
    images, labels, names = render_glyphs(size=(24, 20))
    assert len(names) == len(set(names)) == 90
    assert images.shape == (90 * 12 * 3, 24, 20, 1)
    np.testing.assert_array_equal(np.bincount(labels), 36)


def test_a_capital_i_would_be_upright_and_centred():
    images, _, names = render_glyphs(styles=1)
    ink = images[names.index("T") * 3 + 1, :, :, 0].astype(float)
    rows, columns = np.nonzero(ink > 127)
    assert abs((rows.min() + rows.max()) / 2 - 15.5) <= 1
    assert abs((columns.min() + columns.max()) / 2 - 15.5) <= 1
    # A bar on top of a stem.
    assert ink[rows.min()].sum() > 3 * ink[rows.max()].sum()


def test_nothing_is_cut_off_and_no_two_classes_share_an_image():
    images, labels, _ = render_glyphs()
    assert images[:, [0, -1]].max() == 0 and images[:, :, [0, -1]].max() == 0
    owner = {}
    for image, label in zip(images, labels, strict=True):
        assert owner.setdefault(bytes(image), label) == label


def test_fonts_have_every_character():
    # A font draws what it lacks as one and the same box.
    missing = {bytes(image) for image in render_boxes()}
    images, *_ = render_glyphs()
    assert not missing & {bytes(image) for image in images}


def render_boxes():
    from matplotlib import get_data_path
    from PIL import ImageFont

    from keras_pisr.data.synthetic.glyphs import OVERSAMPLING, draw_glyph

    for name in FONTS:
        for share in (0.6, 0.7, 0.8):
            font = ImageFont.truetype(
                f"{get_data_path()}/fonts/ttf/{name}.ttf", round(OVERSAMPLING * 32 * share)
            )
            yield draw_glyph("\U000f0000", font, (32, 32))[..., None]


def test_a_part_of_the_set():
    data = LabelledImages.from_glyphs(size=(16, 16), styles=2, classes=10)
    assert data.images.shape == (60, 16, 16, 1)
    assert data.class_names == tuple(CHARACTERS[:10])
    with pytest.raises(ValueError, match="12 fonts"):
        render_glyphs(styles=13)
