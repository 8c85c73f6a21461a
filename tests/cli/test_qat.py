"""Training on in 8 bit, and from there to a file."""

import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.cli import export, qat
from tests.models.students import small_student

pytestmark = pytest.mark.usefixtures("tensorflow_backend")


@pytest.fixture
def folder(tmp_path, monkeypatch, photographs):
    """A folder with a student that loses much in 8 bit, and images to train on."""
    small_student().save(tmp_path / "student.keras")
    monkeypatch.chdir(tmp_path)
    return tmp_path


ARGUMENTS = ["student.keras", "--hr-dir", "HR", "--patch-size", "16", "--batch-size", "2"]


@pytest.mark.parametrize(
    ("guided", "pixels"), [(False, "float32"), (True, "float32"), (False, "uint8")]
)
def test_a_student_is_trained_and_exported_in_8_bit(folder, capsys, guided, pixels):
    more = ["--steps", "3", "--out", "trained.keras", "--learning-rate", "1e-2"]
    more += ["--pixels", pixels] if pixels == "uint8" else []
    if guided:
        kp.models.PrivilegedTeacher(small_student()).save("teacher.keras")
        more += ["--teacher", "teacher.keras", "--distillation-weight", "1e-3"]
    assert qat.main([*ARGUMENTS, *more]) == 0
    output = capsys.readouterr()
    flag = "FILE.tflite --pixels uint8\n" if pixels == "uint8" else "FILE.tflite\n"
    assert "Written: trained.keras" in output.out and flag in output.out
    assert ("distillation" in output.out) == guided
    trained = kp.load_student("trained.keras")
    levels = "whole_and_rest_levels" if pixels == "float32" else "pixels_levels"
    assert levels in {layer.name for layer in trained.layers}
    arguments = ["trained.keras", "--quantize", "int8", "--out", "a.tflite", "--size", "20", "24"]
    arguments += ["--pixels", pixels]
    assert export.main([*arguments, "--min-agreement", "30"]) == 0
    assert kp.mobile.TFLiteModel("a.tflite").dtype == np.dtype(pixels)


@pytest.mark.parametrize("more", [["--pixels", "uint8"], ["--target", "npu"]])
def test_a_student_trained_for_fine_pixels_takes_no_others(folder, capsys, more):
    assert qat.main([*ARGUMENTS, "--steps", "1", "--out", "trained.keras"]) == 0
    arguments = ["trained.keras", "--quantize", "int8", "--out", "a.tflite", "--size", "20", "24"]
    assert export.main([*arguments, *more]) == 2
    assert "train with --pixels uint8 (mobile/qat.py)" in capsys.readouterr().err
    assert not (folder / "a.tflite").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "a.tflite"], "--out to end in .keras; got a.tflite"),
        (["--out", "a.keras", "--teacher", "gone.keras"], "There is no file gone.keras"),
    ],
)
def test_mistakes_are_one_line(folder, capsys, arguments, message):
    assert qat.main([*ARGUMENTS, *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "a.keras").exists()
