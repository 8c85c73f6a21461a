"""A recognition file as a function, and what happens with damaged ones and others."""

import subprocess
import sys

import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.cli.main import main as keras_pisr_command
from tests.mobile.conftest import CLASSES
from tests.mobile.runtime.test_tflite_model import WITHOUT_TENSORFLOW


def run_python(code):
    """What a process of its own makes of `code`."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_the_file_runs_without_tensorflow(recognizer_file):
    result = run_python(
        WITHOUT_TENSORFLOW
        + f"""
import numpy as np
from keras_pisr.mobile import TFLiteRecognizer
outputs = TFLiteRecognizer({str(recognizer_file)!r})(np.zeros((3, 8, 8, 1)))
print({{name: values.shape for name, values in outputs.items()}})
"""
    )
    assert result.stdout.strip() == f"{{'embedding': (3, 16), 'logits': (3, {CLASSES})}}"


def test_damaged_copies_never_end_the_process(recognizer_file, tmp_path):
    result = run_python(
        f"""
import numpy as np
from keras_pisr.mobile import TFLiteRecognizer
whole = open({str(recognizer_file)!r}, "rb").read()
rng, path = np.random.default_rng(0), {str(tmp_path / "damaged.tflite")!r}
refused = 0
for _ in range(60):
    damaged = bytearray(whole)
    # The tables; weights are only numbers.
    for place in np.r_[rng.integers(8, 4000, 8), rng.integers(len(whole) - 6000, len(whole), 8)]:
        damaged[place] = rng.integers(256)
    open(path, "wb").write(damaged)
    try:
        TFLiteRecognizer(path)(np.zeros((1, 8, 8, 1)))
    except ValueError as error:
        refused += 1
print(refused)
"""
    )
    assert result.returncode == 0, result.stderr[-500:]
    assert 10 < int(result.stdout) <= 60


def test_each_class_names_the_other(recognizer_file, files, tmp_path, capsys):
    with pytest.raises(ValueError, match="runs with keras_pisr.mobile.TFLiteModel"):
        kp.mobile.TFLiteRecognizer(files("float32"))
    assert (
        keras_pisr_command(["evaluate", str(recognizer_file), str(tmp_path), "--scale", "2"]) == 2
    )
    assert "Run it with keras_pisr.mobile.TFLiteRecognizer" in capsys.readouterr().err


@pytest.mark.parametrize("shape", [(2, 9, 8, 1), (2, 8, 8, 3), (8, 8, 1), (0, 8, 8, 1)])
def test_images_of_another_shape_are_refused(recognizer_file, shape):
    file = kp.mobile.TFLiteRecognizer(recognizer_file)
    with pytest.raises(ValueError, match=r"takes (images|luma \(1, 8, 8, 1\))"):
        file(np.zeros(shape, "float32"))


@pytest.mark.parametrize("name", ["embedding", "logits"])
def test_outputs_of_8_bit_must_say_what_they_mean(recognizer_file, name):
    file = kp.mobile.TFLiteRecognizer(recognizer_file)
    inputs, outputs = file.interpreter.get_input_details(), file.interpreter.get_output_details()
    output = outputs[file._places[name]]
    output["dtype"], output["quantization"] = np.int8, (0.5, 3)
    file._check("a.tflite", inputs, outputs)
    output["quantization"] = (0.0, 0)
    with pytest.raises(ValueError, match="8-bit tensors without a scale"):
        file._check("a.tflite", inputs, outputs)
