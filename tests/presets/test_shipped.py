"""The presets that come with the package: complete, as described, alike on every backend."""

import json

import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.data import upscale as bicubic
from keras_pisr.metrics.image_quality import psnr_per_image
from keras_pisr.presets import CATALOG, from_preset, sources
from tests.presets.make_golden import GOLDEN, small_image

pytestmark = pytest.mark.core


def test_the_catalog_and_the_folders_agree():
    folders = {p.name for p in sources.SHIPPED.iterdir()} if sources.SHIPPED.is_dir() else set()
    assert folders == set(CATALOG)


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_a_shipped_preset_is_as_the_catalog_says(name):
    entry = CATALOG[name]
    model = from_preset(name)
    assert (type(model).__name__, model.scale) == (entry["class"], entry["scale"])
    assert model.count_params() == entry["parameters"]
    # What the paper's network has at most, with one slope per channel.
    assert entry["class"] != "FSRCNN" or entry["parameters"] <= 12_809
    card = (sources.SHIPPED / name / "README.md").read_text()
    assert all(f"{psnr:.2f}" in card for psnr in entry["psnr"].values())


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_a_shipped_preset_makes_the_same_on_every_backend(name):
    wanted = np.array(json.loads(GOLDEN.read_text())[name])
    outputs = from_preset(name).predict(small_image(), verbose=0)
    np.testing.assert_allclose(outputs.ravel(), wanted, atol=1e-5)


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_a_shipped_preset_beats_bicubic_on_a_photograph(name):
    model = from_preset(name)
    size = 64 * model.scale
    hr = kp.data.sample_images("test")["coffee"][100 : 100 + size, 200 : 200 + size]
    lr = kp.data.downscale(hr, model.scale)

    def score(image):
        luma = [kp.data.rgb_to_y(x)[None].astype("float64") for x in (hr, image)]
        return psnr_per_image(np, *luma, max_value=1.0, cap=100.0)[0]

    assert score(kp.upscale(model, lr)) > score(bicubic(lr, model.scale)) + 0.5
