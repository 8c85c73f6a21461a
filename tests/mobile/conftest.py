"""Small students and their files. Conversion takes TensorFlow, so other backends skip."""

import keras
import pytest

import keras_pisr as kp
from tests.mobile.phone import Phone

pytest.importorskip("ai_edge_litert", reason="running .tflite files takes ai-edge-litert")


def small_student(scale=2, **kwargs):
    """A narrow FSRCNN that starts as bicubic and has slopes of either sign."""
    student = kp.models.FSRCNN(
        scale=scale, features=16, shrunk_features=9, mapping_layers=1, **kwargs
    )
    kp.models.start_as_bicubic(student, seed=1)
    slopes = [layer for layer in student.layers if isinstance(layer, keras.layers.PReLU)]
    for i, layer in enumerate(slopes):
        alpha = layer.get_weights()[0]
        layer.set_weights([alpha * 0 + (-1) ** i * 0.1 * (i + 1)])
    return student


@pytest.fixture(scope="session")
def tensorflow_backend():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("conversion to TFLite takes the TensorFlow backend")


@pytest.fixture(scope="session")
def student(tensorflow_backend):
    return small_student()


@pytest.fixture(scope="session")
def files(tensorflow_backend, student, tmp_path_factory):
    """One file a precision, made when first asked for."""
    folder, made = tmp_path_factory.mktemp("tflite"), {}

    def file(precision):
        if precision not in made:
            made[precision] = folder / f"{precision}.tflite"
            kp.mobile.to_tflite(student, made[precision], precision=precision)
        return made[precision]

    return file


@pytest.fixture(scope="session")
def running_phone(tmp_path_factory):
    """A stand-in for a phone, see `tests/mobile/phone.py`; skips where there is none."""
    phone = Phone(tmp_path_factory.mktemp("phone"))
    phone.start()
    yield phone
    phone.stop()


@pytest.fixture
def phone(running_phone, monkeypatch):
    """The same, found by this process's adb, and checked to be clean afterwards."""
    for name, value in running_phone.environment.items():
        monkeypatch.setenv(name, value)
    yield running_phone
    assert running_phone.left() == []
