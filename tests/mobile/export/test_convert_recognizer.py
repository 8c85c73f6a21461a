"""Recognition students as files: the same numbers, embedding and logits kept."""

import functools

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.mobile.export.convert_recognizer import deployed_recognizer, is_recognizer

pytestmark = pytest.mark.usefixtures("tensorflow_backend")


@functools.cache
def of_unit_length():
    """A network that scales its embedding to length 1; made once, as that takes a second."""
    return kp.models.SmallRecognizer(7, width=4, embedding=6, normalize=True)


def exported(model, path, size, **options):
    """A file of `model`, as `TFLiteRecognizer`."""
    kp.mobile.recognizer_to_tflite(model, path, size=size, **options)
    return kp.mobile.TFLiteRecognizer(path)


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (lambda: kp.models.ResNet(5, blocks=(1, 1), widths=(4, 8)), (9, 12)),
        (
            lambda: kp.models.ResNet(
                5, blocks=(1, 1), widths=(4, 8), stem="large", upsampling=3, channels=1
            ),
            (5, 7),
        ),
        (of_unit_length, (12, 12)),
        (lambda: kp.models.ResNet(None, blocks=(1,), widths=(4,)), (13, 12)),
    ],
    ids=["resnet", "upsampling", "unit length", "no logits"],
)
def test_the_float_file_is_the_model(model, size, tmp_path, rng):
    keras.utils.set_random_seed(1)
    model = model()
    file = exported(model, tmp_path / "a.tflite", size)
    images = rng.random((3, *size, model.inputs[0].shape[-1])).astype("float32")
    wanted, got = model.predict_on_batch(images), file(images)
    assert got.keys() == wanted.keys() and file.outputs == tuple(wanted)
    for name, values in wanted.items():
        np.testing.assert_allclose(got[name], values, atol=1e-5)
    facts = kp.mobile.check_file(
        tmp_path / "a.tflite", precision="float32", weights=model.count_params()
    )
    assert facts.delegates == 1 and facts.not_delegated == ()
    assert file.metadata["outputs"] == {name: v.shape[1] for name, v in wanted.items()}


def test_a_backbone_and_mixed_precision_become_float32(tmp_path, rng):
    inputs = keras.Input((16, 16, 3))
    convolution = keras.layers.Conv2D(4, 3, dtype="mixed_float16")
    backbone = keras.Model(inputs, convolution(inputs))
    model = kp.models.BackboneRecognizer(backbone, 3, preprocessing="tf")
    deployed = deployed_recognizer(model)
    inner = next(layer for layer in deployed.layers if isinstance(layer, keras.Model))
    assert inner.layers[1].compute_dtype == "float32"
    file = exported(model, tmp_path / "a.tflite", None)  # The backbone fixes the size.
    images = rng.random((2, 16, 16, 3)).astype("float32")
    wanted = deployed.predict_on_batch(images)
    np.testing.assert_allclose(file(images)["logits"], wanted["logits"], atol=1e-5)
    rounded = model.predict_on_batch(images)["logits"]
    np.testing.assert_allclose(file(images)["logits"], rounded, atol=1e-2)


def test_int8_leaves_unit_length_to_the_app(tmp_path, rng):
    model = of_unit_length()
    images = rng.random((20, 12, 12, 3)).astype("float32")
    file = exported(model, tmp_path / "a.tflite", (12, 12), precision="int8", representative=images)
    assert kp.mobile.check_file(tmp_path / "a.tflite", precision="int8").delegates == 1
    assert file.metadata["unit_length"] == "left to the app"
    got, wanted = file(images)["embedding"], model.predict_on_batch(images)["embedding"]
    np.testing.assert_allclose(np.linalg.norm(got, axis=1), 1, atol=1e-6)
    assert (got * wanted).sum(1).min() > 0.98


def test_wide_depthwise_convolutions_stay_outside_in_dynamic(tmp_path):
    model = kp.models.SmallRecognizer(5, width=32)
    exported(model, tmp_path / "a.tflite", (12, 12), precision="dynamic")
    with pytest.raises(ValueError, match="XNNPACK does not run 3 DEPTHWISE_CONV_2D"):
        kp.mobile.check_file(tmp_path / "a.tflite", precision="dynamic")


def test_kinds_are_told_apart(recognizer, student):
    assert is_recognizer(recognizer) and not is_recognizer(student)


def test_a_model_of_one_size_takes_no_other(tmp_path):
    inputs = keras.Input((8, 8, 3))
    backbone = keras.Model(inputs, keras.layers.Conv2D(4, 3)(inputs))
    model = kp.models.BackboneRecognizer(backbone, 3)
    with pytest.raises(ValueError, match=r"takes images of \(8, 8\) px only; got size \(9, 9\)"):
        kp.mobile.recognizer_to_tflite(model, tmp_path / "a.tflite", size=(9, 9))
    with pytest.raises(ValueError, match=r"hold images \(samples, 8, 8, 3\); got \(2, 9, 8, 3\)"):
        kp.mobile.recognizer_to_tflite(
            model, tmp_path / "a.tflite", precision="int8", representative=np.zeros((2, 9, 8, 3))
        )
