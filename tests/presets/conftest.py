"""A preset that every test here may use, or spoil."""

import pytest

from keras_pisr.models import FSRCNN
from tests.presets.small import SMALL


@pytest.fixture
def saved(tmp_path):
    model = FSRCNN(2, **SMALL)
    model.save_to_preset(tmp_path / "mine")
    return tmp_path / "mine", model
