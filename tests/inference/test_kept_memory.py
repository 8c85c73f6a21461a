"""What backends keep for each size of image is bounded."""

import os

import keras
import pytest

from keras_pisr.inference import kept_memory
from keras_pisr.inference.kept_memory import KeptMemory

pytestmark = pytest.mark.core
BACKEND = keras.backend.backend()


class Model:
    predict_function = "compiled"

    def predict_on_batch(self, luma):
        return luma


@pytest.fixture
def given_back(monkeypatch):
    calls = []
    monkeypatch.setattr(kept_memory, "_give_back", lambda: calls.append(1))
    return calls


def test_programs_are_dropped_before_there_are_many(given_back):
    model = Model()
    kept = KeptMemory(model)
    for side in range(16):
        kept.before((1, side, 8, 1))
    assert model.predict_function == "compiled"
    kept.before((1, 99, 8, 1))
    assert model.predict_function == (None if BACKEND == "jax" else "compiled")
    model.predict_function = "compiled anew"
    for _ in range(40):
        kept.before((1, 99, 8, 1))
    assert model.predict_function == "compiled anew"


def test_a_size_that_was_seen_costs_nothing(given_back):
    kept = KeptMemory(Model())
    for _ in range(5):
        kept.before((1, 8, 8, 1))
    assert len(given_back) == (1 if BACKEND == "torch" else 0)


def test_other_callables_are_left_alone(given_back):
    kept = KeptMemory(lambda luma: luma)
    for side in range(40):
        kept.before((1, side, 8, 1))
    assert not given_back


@pytest.mark.skipif(BACKEND != "torch", reason="only PyTorch convolves with oneDNN by itself")
def test_onednn_is_told_to_keep_few(monkeypatch):
    monkeypatch.delenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", raising=False)
    KeptMemory(Model())
    assert os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "64"
    monkeypatch.setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "5")
    KeptMemory(Model())
    assert os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "5"
