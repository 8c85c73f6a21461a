"""Conversion: the file computes what the model computes, at every scale, size and precision."""

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.mobile.export.convert import calibration_batches, model_scale
from tests.models.students import small_student


def outputs(model, path, shape, rng):
    luma = rng.random(shape).astype("float32")
    return keras.ops.convert_to_numpy(model(luma)), kp.mobile.TFLiteModel(path)(luma)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_float32_is_exact_at_any_size(tensorflow_backend, scale, tmp_path, rng):
    model = small_student(scale)
    kp.mobile.to_tflite(model, tmp_path / "a.tflite")
    for shape in [(1, 9, 14, 1), (1, 1, 1, 1), (1, 16, 5, 1)]:
        wanted, got = outputs(model, tmp_path / "a.tflite", shape, rng)
        assert got.shape == (1, shape[1] * scale, shape[2] * scale, 1)
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_a_fixed_size_and_batch_is_kept(student, tmp_path, rng):
    kp.mobile.to_tflite(student, tmp_path / "a.tflite", size=(7, 11), batch=3)
    file = kp.mobile.TFLiteModel(tmp_path / "a.tflite")
    assert file.shape == (3, 7, 11, 1)
    np.testing.assert_allclose(
        *outputs(student, tmp_path / "a.tflite", (3, 7, 11, 1), rng), atol=1e-5
    )
    with pytest.raises(ValueError, match=r"takes luma \(3, 7, 11, 1\), got \(1, 7, 11, 1\)"):
        file(np.zeros((1, 7, 11, 1)))


@pytest.mark.parametrize(("precision", "tolerance"), [("float16", 2e-3), ("dynamic", 0.05)])
def test_smaller_weights_stay_close(student, files, precision, tolerance, rng):
    wanted, got = outputs(student, files(precision), (1, 16, 16, 1), rng)
    np.testing.assert_allclose(got, wanted, atol=tolerance)
    assert files(precision).stat().st_size < files("float32").stat().st_size


def test_int8_takes_pixels_of_8_bit_as_they_are(student, tmp_path):
    kp.mobile.to_tflite(student, tmp_path / "a.tflite", precision="int8", pixels="uint8")
    file = kp.mobile.TFLiteModel(tmp_path / "a.tflite")
    scale, zero = file.interpreter.get_input_details()[0]["quantization"]
    assert file.dtype == np.uint8 and zero == 0
    assert scale == pytest.approx(1 / 255, rel=1e-5)


def test_int8_reads_float_pixels_in_finer_steps(files, rng):
    file = kp.mobile.TFLiteModel(files("int8"))
    assert file.dtype == np.float32
    luma = rng.integers(60, 180, (1, 12, 12, 1)).astype("float32")
    # A step of 1/255 of all pixels moves the output by one level; half a step, half of the pixels.
    moved = [255 * (file((luma + x) / 255) - file(luma / 255)).mean() for x in (0.5, 1)]
    np.testing.assert_allclose(moved, (0.5, 1), atol=0.15)


def test_int8_keeps_black_and_white(student, files):
    file = kp.mobile.TFLiteModel(files("int8"))
    for level in (0.0, 1.0):
        luma = np.full((1, 12, 12, 1), level, "float32")
        wanted = keras.ops.convert_to_numpy(student(luma))
        # The middle: zero padding at the border overshoots the 8-bit range.
        inner = (slice(None), slice(8, -8), slice(8, -8))
        np.testing.assert_allclose(file(luma)[inner], wanted[inner], atol=0.06)


def test_calibration_covers_the_range_at_the_asked_size():
    grey = [np.full((5, 40, 1), 0.4, "float32")]
    batches = [batch for (batch,) in calibration_batches(grey, size=(8, 12), batch=2)]
    assert {batch.shape for batch in batches} == {(2, 8, 12, 1)}
    assert min(b.min() for b in batches) == 0 and max(b.max() for b in batches) == 1
    assert any(np.allclose(b, 0.4) for b in batches)


def test_the_deployed_form_is_the_same_function(student, rng):
    deployed = kp.forms.deployed_form(student)
    luma = rng.random((2, 8, 9, 1)).astype("float32")
    before = [w.copy() for w in student.get_weights()]
    np.testing.assert_allclose(deployed(luma), student(luma), atol=1e-6)
    assert not any(isinstance(layer, keras.layers.PReLU) for layer in deployed.layers)
    deployed.set_weights([w * 0 for w in deployed.get_weights()])
    for a, b in zip(before, student.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_slopes_of_single_channels_stay_a_prelu(tensorflow_backend, rng):
    model = small_student(slope_per_channel=True)
    deployed = kp.forms.deployed_form(model)
    luma = rng.random((1, 8, 8, 1)).astype("float32")
    np.testing.assert_allclose(deployed(luma), model(luma), atol=1e-6)
    assert sum(isinstance(layer, keras.layers.PReLU) for layer in deployed.layers) == 4


def test_mixed_precision_deploys_in_float32(tensorflow_backend, student, rng):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        mixed = small_student()
    finally:
        keras.config.set_dtype_policy(before)
    luma = rng.random((1, 8, 8, 1)).astype("float32")
    np.testing.assert_allclose(kp.forms.deployed_form(mixed)(luma), student(luma), atol=1e-6)


def test_a_graph_with_operations_between_layers_deploys(tensorflow_backend, rng):
    inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(4, 3, padding="same")(inputs)
    residual = keras.layers.UpSampling2D(2)(inputs)
    model = keras.Model(inputs, keras.ops.depth_to_space(x, 2) + residual)
    luma = rng.random((1, 8, 8, 1)).astype("float32")
    np.testing.assert_allclose(kp.forms.deployed_form(model)(luma), model(luma), atol=1e-6)
    assert model_scale(model) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": "a.lite"}, "ending in .tflite; got a.lite"),
        ({"precision": "int4"}, "got 'int4'"),
        ({"pixels": "uint8"}, "need precision 'int8'; got 'float32'"),
        ({"precision": "int8", "pixels": "uint16"}, "got 'uint16'"),
        ({"precision": "int8", "representative": []}, "to hold lumas"),
        ({"precision": "int8", "representative": [np.zeros((4, 4, 3))]}, r"\(4, 4, 3\)"),
    ],
)
def test_wrong_arguments_are_refused(student, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        kp.mobile.to_tflite(student, **{"path": "a.tflite", **arguments})
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_another_kind_is_refused(tensorflow_backend):
    inputs = keras.Input((8,))
    with pytest.raises(ValueError, match="does not take luma"):
        model_scale(keras.Model(inputs, keras.layers.Dense(2)(inputs)))
    with pytest.raises(ValueError, match="'small_recognizer' gives embedding, logits and no image"):
        model_scale(kp.models.SmallRecognizer(3, width=4, name="small_recognizer"))
    with pytest.raises(ValueError, match="one input and one output"):
        kp.forms.deployed_form(keras.Model(inputs, [inputs * 2, inputs * 3]))
