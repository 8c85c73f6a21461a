"""Fixtures every test may use."""

from pathlib import Path

import numpy as np
import pytest

# Published images that cannot be redistributed; tests that need them skip where they are absent.
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data():
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is absent: it holds benchmark images that we may not redistribute")
    return SHARED


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def tensorflow_backend():
    """Conversion takes TensorFlow and ai-edge-litert; elsewhere its tests skip."""
    import keras

    pytest.importorskip("ai_edge_litert", reason="running .tflite files takes ai-edge-litert")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("conversion to TFLite takes the TensorFlow backend")


@pytest.fixture(scope="session")
def student(tensorflow_backend):
    from tests.models.students import small_student

    return small_student()


@pytest.fixture(scope="session")
def files(tensorflow_backend, student, tmp_path_factory):
    """One file per precision, made when first asked for."""
    import keras_pisr as kp

    folder, made = tmp_path_factory.mktemp("tflite"), {}

    def file(precision):
        if precision not in made:
            made[precision] = folder / f"{precision}.tflite"
            kp.mobile.to_tflite(student, made[precision], precision=precision)
        return made[precision]

    return file


@pytest.fixture
def photographs(tmp_path, rng):
    """A folder `HR` of two smooth images to train on."""
    from PIL import Image

    folder = tmp_path / "HR"
    folder.mkdir()
    for i in range(2):
        small = Image.fromarray(rng.integers(0, 255, (6, 6, 3), "uint8"))
        small.resize((48, 48)).save(folder / f"{i}.png")
    return folder
