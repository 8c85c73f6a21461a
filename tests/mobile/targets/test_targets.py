"""Files of other runtimes compute what the student computes; each skips without its package."""

import keras
import numpy as np
import pytest

from keras_pisr.cli.export import main
from keras_pisr.mobile.targets import comparison
from tests.models.students import plain_student, residual_student, scrambled, small_student

pytestmark = pytest.mark.usefixtures("tensorflow_backend")
LUMA = np.random.default_rng(1).random((1, 9, 13, 1), "float32")


@pytest.fixture(scope="module")
def plain():
    return plain_student()


MAKERS = {
    "plain": plain_student,
    "slopes": lambda: small_student(slope_per_channel=True),
    "x3": lambda: small_student(3),
    "residual": lambda: residual_student(4),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_an_onnx_file_takes_any_size_and_batch(kind, tmp_path, rng):
    pytest.importorskip("onnxruntime")
    from keras_pisr.mobile.targets.onnx_file import onnx_function, to_onnx

    student = scrambled(MAKERS[kind](), rng)
    assert to_onnx(student, tmp_path / "a.onnx") < 1e-5
    batch = np.concatenate([LUMA, 1 - LUMA])
    np.testing.assert_allclose(onnx_function(tmp_path / "a.onnx")(batch), student(batch), atol=1e-5)


def test_a_layer_without_an_onnx_form_is_named(tmp_path):
    pytest.importorskip("onnxruntime")
    from keras_pisr.mobile.targets.onnx_file import to_onnx

    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, keras.layers.UpSampling2D(2, name="larger")(inputs))
    with pytest.raises(ValueError, match="'larger' is a UpSampling2D, which has no ONNX form"):
        to_onnx(model, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_openvino_files_and_the_tflite_file_itself(plain, tmp_path):
    pytest.importorskip("openvino")
    from keras_pisr.mobile.export.convert import to_tflite
    from keras_pisr.mobile.targets.openvino_file import openvino_function, to_openvino

    assert to_openvino(plain, tmp_path / "a.xml") < 1e-5
    assert {path.name for path in tmp_path.iterdir()} == {"a.xml", "a.bin"}
    to_tflite(plain, tmp_path / "a.tflite")
    run = openvino_function(tmp_path / "a.tflite")
    np.testing.assert_allclose(run(LUMA), plain(LUMA), atol=1e-5)


def test_a_core_ml_package_is_read_back(plain, tmp_path):
    pytest.importorskip("coremltools")
    from keras_pisr.mobile.targets.coreml_file import coreml_operations, to_coreml

    made = to_coreml(plain, tmp_path / "a.mlpackage")
    assert made == coreml_operations(tmp_path / "a.mlpackage") and made["conv"] == 5
    to_coreml(plain, tmp_path / "a.mlpackage")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mlpackage"]


def test_a_file_that_computes_something_else_is_refused(plain):
    assert comparison.check_equal(plain, plain) < 1e-5
    with pytest.raises(ValueError, match=r"values differ by up to 1\.0e-03"):
        comparison.check_equal(plain, lambda luma: np.asarray(plain(luma)) + 1e-3)
    with pytest.raises(ValueError, match="where the model makes"):
        comparison.check_equal(plain, lambda luma: luma)


def test_the_suffix_decides(plain, tmp_path, monkeypatch, capsys):
    pytest.importorskip("openvino")
    monkeypatch.chdir(tmp_path)
    plain.save("a.keras")
    assert main(["a.keras", "--out", "a.xml"]) == 0
    assert "OpenVINO, any size" in capsys.readouterr().out
    assert main(["a.keras", "--out", "a.xml", "--quantize", "int8"]) == 2
    assert "--quantize: only for .tflite files" in capsys.readouterr().err
