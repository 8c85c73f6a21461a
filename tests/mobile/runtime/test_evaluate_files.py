"""`keras-pisr evaluate` on what the phone's tools make: RGB files, 8-bit students; not recognisers."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

import keras_pisr as kp
from keras_pisr.cli.main import main
from keras_pisr.data.images.resize import downscale
from keras_pisr.evaluation.evaluate import luma_score
from keras_pisr.forms.int8.quantized import check_backend


@pytest.fixture
def images(tmp_path, rng):
    """A colour and a gray image, smooth, in a folder."""
    for name, shape in {"colour": (9, 11, 3), "gray": (10, 9)}.items():
        image = Image.fromarray(rng.integers(60, 190, shape, "uint8")).resize((44, 40))
        (tmp_path / "HR").mkdir(exist_ok=True)
        image.save(tmp_path / "HR" / f"{name}.png")
    return tmp_path


def test_a_file_of_whole_images_is_scored_by_the_luma_of_what_it_shows(student, images):
    kp.mobile.to_tflite(student, images / "rgb.tflite", color="rgb")
    file = kp.mobile.TFLiteModel(images / "rgb.tflite")
    scores = kp.evaluate(file, images, scale=2, progress=False).rows
    for row in scores:
        hr = np.asarray(Image.open(images / "HR" / row.name)).reshape(40, 44, -1)
        lr = np.repeat(downscale(hr, 2), 3 // hr.shape[2], axis=2)
        shown = kp.upscale(student, lr / np.float32(255))
        # A gray file is scored as it is; all three channels of what it became are equal.
        sr = kp.data.rgb_to_y(shown) if hr.shape[2] == 3 else shown[..., 1:2]
        assert row.psnr == pytest.approx(luma_score("", hr, sr, 2).psnr, abs=1e-2)
    assert [row.name for row in scores] == ["colour.png", "gray.png"]


def test_a_student_trained_in_8_bit_scores_as_its_file_does(tensorflow_backend, images, capsys):
    student = kp.models.ResidualFSRCNN(scale=2)
    form = kp.mobile.quantized_form(student)
    form.save(images / "in_8_bit.keras")
    kp.mobile.to_tflite(form, images / "in_8_bit.tflite", precision="int8")
    found = []
    for name in ("in_8_bit.keras", "in_8_bit.tflite"):
        arguments = ["evaluate", str(images / name), str(images), "--scale", "2"]
        assert main([*arguments, "--json", str(images / "scores.json")]) == 0
        found.append(json.loads((images / "scores.json").read_text())["psnr"])
    assert found[0] == pytest.approx(found[1], abs=0.1)
    capsys.readouterr()


def test_8_bit_needs_tensorflow(tensorflow_backend, student, monkeypatch):
    form = kp.mobile.quantized_form(student)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    check_backend(student)
    with pytest.raises(ValueError, match="Set KERAS_BACKEND=tensorflow"):
        check_backend(form)


@pytest.mark.parametrize("preset", [False, True])
def test_a_recognition_student_is_told_where_it_is_scored(images, capsys, preset):
    model = kp.models.SmallRecognizer(3, width=4)
    path = images / ("student" if preset else "student.keras")
    kp.presets.save_to_preset(model, path) if preset else model.save(path)
    assert main(["evaluate", str(path), str(images), "--scale", "2"]) == 2
    error = capsys.readouterr().err
    assert "gives embedding, logits and no image" in error and error.count("\n") == 1
