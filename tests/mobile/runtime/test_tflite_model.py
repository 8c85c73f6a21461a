"""A .tflite file as a model: what it computes, and what happens with files from strangers."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import keras_pisr as kp
from keras_pisr.cli.main import main
from keras_pisr.cli.model_argument import resolve_model

WITHOUT_TENSORFLOW = """
import sys
class Guard:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {'tensorflow', 'keras', 'jax', 'torch', 'tf_keras'}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Guard())
"""


@pytest.fixture
def images(tmp_path, rng):
    (tmp_path / "HR").mkdir()
    for name, shape in {"a": (24, 28, 3), "b": (30, 27)}.items():
        Image.fromarray(rng.integers(0, 256, shape, "uint8")).save(tmp_path / "HR" / f"{name}.png")
    return tmp_path


def test_evaluate_scores_a_file_like_its_keras_model(student, files, images):
    file = kp.mobile.TFLiteModel(files("float32"))
    wanted = kp.evaluate(student, images, scale=2, progress=False)
    got = kp.evaluate(file, images, scale=2, progress=False)
    assert got.psnr == pytest.approx(wanted.psnr, abs=1e-3)
    assert got.ssim == pytest.approx(wanted.ssim, abs=1e-5)
    assert got.model == "float32.tflite"


def test_the_command_scores_a_file_without_tensorflow(files, images):
    arguments = ["evaluate", str(files("int8")), str(images), "--scale", "2"]
    code = f"from keras_pisr.cli.main import main; sys.exit(main({arguments!r}))"
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW + code], capture_output=True, text=True
    )
    assert result.returncode == 0 and result.stderr == ""
    assert "int8.tflite on " in result.stdout


def test_eight_bits_are_those_of_the_file(student, tmp_path):
    kp.mobile.to_tflite(student, tmp_path / "a.tflite", precision="int8", pixels="uint8")
    file = kp.mobile.TFLiteModel(tmp_path / "a.tflite")
    luma = np.arange(144, dtype="float32").reshape(1, 12, 12, 1) / 255
    output = file(luma)
    index = file.interpreter.get_input_details()[0]["index"]
    np.testing.assert_array_equal(
        file.interpreter.get_tensor(index)[0, :, :, 0].ravel(), np.arange(144)
    )
    details = file.interpreter.get_output_details()[0]
    scale, zero = details["quantization"]
    levels = file.interpreter.get_tensor(details["index"])
    np.testing.assert_allclose(output, (levels.astype("float64") - zero) * scale, atol=1e-6)


def test_values_beyond_the_range_saturate(files):
    file = kp.mobile.TFLiteModel(files("int8"))
    ones = np.ones((1, 6, 6, 1), "float32")
    np.testing.assert_array_equal(file(ones), file(ones * 1.5))


def test_a_wrong_scale_is_told(files, images, capsys):
    assert main(["evaluate", str(files("float32")), str(images), "--scale", "3"]) == 2
    assert "The model enlarges by 2, not by 3" in capsys.readouterr().err


@pytest.fixture(scope="module")
def of_one_size(student, tmp_path_factory):
    path = tmp_path_factory.mktemp("one_size") / "of_one_size.tflite"
    kp.mobile.to_tflite(student, path, size=(24, 20))
    return path


def test_a_file_of_one_size_enlarges_every_size(of_one_size, files, images, tmp_path, rng):
    file, wanted = kp.mobile.TFLiteModel(of_one_size), kp.mobile.TFLiteModel(files("float32"))
    for shape in [(1, 24, 20, 1), (1, 40, 61, 1), (1, 19, 90, 1)]:
        luma = rng.random(shape, "float32")
        np.testing.assert_allclose(file(luma), wanted(luma), atol=1e-5)
    image = rng.random((41, 23, 3))
    np.testing.assert_allclose(kp.upscale(file, image), kp.upscale(wanted, image), atol=1e-5)
    assert main(["evaluate", str(of_one_size), str(images), "--scale", "2"]) == 0
    arguments = ["upscale", str(images / "HR" / "a.png"), "-o", str(tmp_path / "large.png")]
    assert main([*arguments, "--model", str(of_one_size)]) == 0
    assert Image.open(tmp_path / "large.png").size == (56, 48)


def test_a_file_that_cannot_be_tiled_says_why(of_one_size, monkeypatch):
    file = kp.mobile.TFLiteModel(of_one_size, trusted=True)
    monkeypatch.setattr(file, "run", lambda image: [image - image.mean()])
    with pytest.raises(ValueError, match="only in tiles.* 9 px away.*without `--size` makes"):
        file(np.zeros((1, 9, 9, 1)))


@pytest.mark.parametrize("shape", [(1, 4, 4), (1, 4, 4, 3), (2, 4, 4, 1), (1, 0, 4, 1)])
def test_input_of_another_shape_is_refused(files, shape):
    with pytest.raises(ValueError, match=r"takes luma \(1, 'any', 'any', 1\)"):
        kp.mobile.TFLiteModel(files("float32"))(np.zeros(shape, "float32"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a TFLite file"),
        (b"PK\x03\x04" + bytes(100), "not a TFLite file"),
        (b"\x1c\0\0\0TFL3" + bytes(100), "damaged"),
        (b"\xff\xff\xff\xffTFL3" + bytes(100), "damaged"),
        (bytes(2000), "larger than 1000 bytes"),
    ],
)
def test_what_is_not_tflite_is_one_clear_error(tmp_path, content, message):
    path = tmp_path / "a.tflite"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        kp.mobile.TFLiteModel(path, max_bytes=1000)


def test_damaged_copies_never_end_the_process(files, tmp_path):
    # In a process of its own: a crash in the runtime would take the tests along.
    code = f"""
import numpy as np
from keras_pisr.mobile import TFLiteModel
whole = open({str(files("float32"))!r}, "rb").read()
rng, path = np.random.default_rng(0), {str(tmp_path / "damaged.tflite")!r}
refused = 0
for _ in range(60):
    damaged = bytearray(whole)
    for place in rng.integers(8, len(whole), 8):
        damaged[place] = rng.integers(256)
    open(path, "wb").write(damaged[: rng.integers(8, len(whole)) if rng.random() < 0.3 else None])
    try:
        TFLiteModel(path)(np.zeros((1, 4, 5, 1)))
    except ValueError as error:
        refused += 1
print(refused)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-500:]
    assert 10 < int(result.stdout) <= 60


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match="gone.tflite"):
        resolve_model("gone.tflite")


def test_a_network_of_something_else_is_refused(tensorflow_backend, tmp_path):
    import keras

    inputs = keras.Input((8,))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    model.export(tmp_path / "dense.tflite", format="litert", verbose=False)
    with pytest.raises(ValueError, match="expected luma"):
        kp.mobile.TFLiteModel(tmp_path / "dense.tflite")
