"""What every test of the PISR recipes runs on."""

import pytest

import keras_pisr as kp


@pytest.fixture(autouse=True)
def few_small_photographs(monkeypatch):
    """The embedded photographs, cut down to what a test can afford."""
    originals = kp.data.sample_images

    def small(split="train"):
        return {name: image[:48, :48] for name, image in list(originals(split).items())[:3]}

    monkeypatch.setattr(kp.data, "sample_images", small)
    monkeypatch.setattr("keras_pisr.data.pairs.image_pairs.sample_images", small)
