"""Saved models load after `import keras_pisr` alone, whatever was imported first."""

import importlib
import pkgutil
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.registration import CLASSES, MODELS, package_class

pytestmark = pytest.mark.core


def load_in_fresh_process(path, imports):
    """Load the model at `path` by Keras alone, and say what came."""
    code = (
        f"{imports}\n"
        f"model = keras.saving.load_model({str(path)!r})\n"
        "print(type(model).__module__, type(model).__name__, model.count_params(), model.compiled)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout.split()


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A student that was trained with everything of ours that a compilation may hold."""
    student = kp.models.FSRCNN(scale=2, features=6, shrunk_features=4, mapping_layers=1)
    student.compile(
        kp.optimizers.SOAP(), "mae", metrics=[kp.metrics.PSNR(shave=2), kp.metrics.SSIM(shave=2)]
    )
    student.fit(np.zeros((2, 16, 16, 1)), np.zeros((2, 32, 32, 1)), verbose=0)
    path = tmp_path_factory.mktemp("saved") / "student.keras"
    student.save(path)
    return path, student


# TensorFlow asks where Keras is, and does not import it.
ASKED = "import keras_pisr, importlib.util; importlib.util.find_spec('keras'); import keras"


@pytest.mark.parametrize(
    "imports", [ASKED, "import keras, keras_pisr", "import keras_pisr.models, keras"]
)
def test_a_compiled_student_loads_in_a_fresh_process(compiled, imports):
    path, student = compiled
    said = load_in_fresh_process(path, imports)
    assert said == ["keras_pisr.models.fsrcnn", "FSRCNN", str(student.count_params()), "True"]


def test_a_model_of_layers_of_ours_loads_in_a_fresh_process(tmp_path):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, kp.models.SubpixelDeconvolution(2)(inputs))
    model.save(tmp_path / "plain.keras")
    said = load_in_fresh_process(tmp_path / "plain.keras", "import keras_pisr, keras")
    assert said[1:3] == ["Functional", str(model.count_params())]


@pytest.mark.usefixtures("tensorflow_backend")
def test_a_student_in_8_bit_loads_in_a_fresh_process(tmp_path):
    from keras_pisr.forms.int8.quantized import quantized_form
    from tests.models.students import residual_student

    form = quantized_form(residual_student())
    form.save(tmp_path / "student_in_8_bit.keras")
    path = tmp_path / "student_in_8_bit.keras"
    count = str(form.count_params())
    assert load_in_fresh_process(path, "import keras_pisr, keras")[2] == count
    code = f"import keras_pisr as kp; print(kp.load_student({str(path)!r}).count_params())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == count


def test_the_list_is_all_that_the_package_registers():
    """Every class is listed, under the module that defines it."""
    for module in pkgutil.walk_packages(kp.__path__, "keras_pisr."):
        # tensorflow-model-optimization is optional, and its layers are those of tf_keras.
        if not module.name.endswith("__main__") and ".tfmot." not in module.name:
            importlib.import_module(module.name)
    registered = {
        name.removeprefix("keras_pisr>"): value
        for name, value in keras.saving.get_custom_objects().items()
        if name.startswith("keras_pisr>")
    }
    assert set(registered) == set(CLASSES)
    for name, value in registered.items():
        assert value is package_class(name), name
        assert value.__module__ == f"keras_pisr.{CLASSES[name]}"


def test_models_are_the_models():
    for name in CLASSES:
        assert issubclass(package_class(name), keras.Model) == (name in MODELS), name


def test_importing_the_package_imports_no_keras():
    code = (
        "import sys, keras_pisr; print(sorted({'keras', 'numpy', 'tensorflow'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
