"""The quality of JPEG files, from their headers."""

import numpy as np
import pytest
from PIL import Image

from keras_pisr.inference.formats.jpeg_quality import jpeg_quality

IMAGE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 24, 3), "uint8"))


@pytest.mark.parametrize("quality", [25, 40, 50, 75, 90, 95, 99])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_quality_is_that_of_libjpeg(tmp_path, quality, mode):
    path = tmp_path / "image.jpg"
    IMAGE.convert(mode).save(path, quality=quality)
    assert jpeg_quality(path) == quality


def test_the_coarsest_and_the_finest_are_told_apart(tmp_path):
    path = tmp_path / "image.jpg"
    for quality, low, high in ((1, 1, 15), (100, 99, 100)):
        IMAGE.save(path, quality=quality)
        assert low <= jpeg_quality(path) <= high


def test_other_files_have_none(tmp_path):
    IMAGE.save(tmp_path / "image.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    for name in ("image.png", "broken.jpg", "missing.jpg"):
        assert jpeg_quality(tmp_path / name) is None
