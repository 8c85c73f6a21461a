"""What every test of the HORKD recipes runs on."""

import pytest

import keras_pisr as kp


@pytest.fixture(autouse=True)
def few_small_letters(monkeypatch):
    """The embedded letters, cut down to what a test can afford."""
    few = kp.data.LabelledImages.from_glyphs(size=(16, 16), styles=2, classes=5)
    monkeypatch.setattr(kp.data.LabelledImages, "from_glyphs", lambda **kwargs: few)
