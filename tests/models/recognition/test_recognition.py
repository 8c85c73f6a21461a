"""What every recognition network promises."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_pisr.models import (
    BackboneRecognizer,
    ResNet,
    SmallRecognizer,
    multiply_accumulates,
)
from tests.harness import check_recognizer

pytestmark = pytest.mark.core

IMAGENET = {"widths": (64, 128, 256, 512), "stem": "large"}


def tiny_backbone():
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", padding="same", strides=2)(inputs)
    return keras.Model(inputs, x, name="tiny")


MAKERS = {
    "upsampled": lambda **kwargs: ResNet(
        blocks=(1, 1), widths=(4, 8), stem="large", upsampling=4, **kwargs
    ),
    "resnet": lambda **kwargs: ResNet(blocks=(1, 1), widths=(4, 8), **kwargs),
    "bottleneck": lambda **kwargs: ResNet(
        blocks=(1, 1), widths=(2, 4), stem="large", bottleneck=True, **kwargs
    ),
    "small": lambda **kwargs: SmallRecognizer(width=4, **kwargs),
    "backbone": lambda **kwargs: BackboneRecognizer(tiny_backbone(), **kwargs),
}


def parameters(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def images(batch=2, height=16, width=16, channels=3):
    return np.random.default_rng(0).random((batch, height, width, channels), "float32")


def logits(model, x):
    return ops.convert_to_numpy(model(x)["logits"])


PARAMETERS = {
    "upsampled": 2_005,
    "resnet": 1_525,
    "bottleneck": 1_119,
    "small": 3_913,
    "backbone": 177,
}


@pytest.mark.parametrize("name", MAKERS)
def test_keeps_what_every_recognizer_promises(name, tmp_path):
    check_recognizer(MAKERS[name], parameters=PARAMETERS[name], folder=tmp_path)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_without_classes_there_are_no_logits(make):
    assert list(make()(images())) == ["embedding"]


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_normalized_embedding_has_length_one_and_logits_do_not_know(make):
    outputs = make(classes=5, embedding=6, normalize=True)(images())
    lengths = np.linalg.norm(ops.convert_to_numpy(outputs["embedding"]), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)


@pytest.mark.parametrize("kind", [ResNet, SmallRecognizer])
def test_gray_images(kind):
    assert kind(4, channels=1)(images(channels=1))["logits"].shape == (2, 4)


@pytest.mark.parametrize(
    ("classes", "arguments", "size", "expected", "macs"),
    [
        (10, {"blocks": (1, 1, 1)}, 32, 78_042, 12.5e6),
        (10, {}, 32, 272_474, 40.8e6),
        # The counts of the published ResNet-18 and ResNet-50.
        pytest.param(
            *(1000, {"blocks": (2, 2, 2, 2), **IMAGENET}, 224, 11_689_512, 1.81e9),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *(1000, {"blocks": (3, 4, 6, 3), "bottleneck": True, **IMAGENET}),
            *(224, 25_557_032, 4.09e9),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_resnet_costs_what_its_docstring_says(classes, arguments, size, expected, macs):
    model = ResNet(classes, **arguments)
    assert parameters(model) == expected
    assert multiply_accumulates(model, (size, size, 3)) == pytest.approx(macs, rel=5e-3)


@pytest.mark.parametrize(
    ("width", "expected", "at_16", "at_64"),
    [(16, 43_762, 1.49e6, 23.7e6), (32, 151_986, 5.34e6, 85.2e6)],
)
def test_small_recognizer_costs_what_its_docstring_says(width, expected, at_16, at_64):
    model = SmallRecognizer(50, width=width)
    assert parameters(model) == expected
    assert multiply_accumulates(model, (16, 16, 3)) == pytest.approx(at_16, rel=5e-3)
    assert multiply_accumulates(model, (64, 64, 3)) == pytest.approx(at_64, rel=5e-3)


def test_multiply_accumulates_by_hand():
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same")(inputs)
    x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(5)(x))
    # 8x8 outputs of 3x3x3 kernels to 4 channels; of 3x3 to the same 4; then 4 to 5.
    assert multiply_accumulates(model, (16, 16, 3)) == 64 * 27 * 4 + 64 * 9 * 4 + 20


def test_a_layer_that_cannot_be_counted_is_refused():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, keras.layers.Conv2DTranspose(2, 3)(inputs))
    with pytest.raises(ValueError, match="Conv2DTranspose"):
        multiply_accumulates(model, (8, 8, 3))
    with pytest.raises(ValueError, match="by itself"):
        multiply_accumulates(BackboneRecognizer(tiny_backbone()), (16, 16, 3))


@pytest.mark.parametrize("mode", ["tf", "torch", "caffe", "255"])
def test_preprocessing_equals_keras_applications(mode):
    inputs = keras.Input((None, None, 3))
    model = BackboneRecognizer(
        keras.Model(inputs, keras.layers.Activation("linear")(inputs)), preprocessing=mode
    )
    pixels = images(1, 4, 4) * 255
    expected = pixels
    if mode != "255":
        expected = keras.applications.imagenet_utils.preprocess_input(pixels.copy(), mode=mode)
    result = ops.convert_to_numpy(model(pixels / 255)["embedding"])
    np.testing.assert_allclose(result, expected.mean(axis=(1, 2)), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_an_application_as_backbone(tmp_path):
    backbone = keras.applications.MobileNetV2(
        (32, 32, 3), alpha=0.35, include_top=False, weights=None
    )
    model = BackboneRecognizer(backbone, 5, preprocessing="tf", embedding=8)
    outputs = model(images(height=32, width=32))
    assert outputs["embedding"].shape == (2, 8)
    model.save(tmp_path / "teacher.keras")
    copy = keras.saving.load_model(tmp_path / "teacher.keras")
    x = images(height=32, width=32)
    np.testing.assert_allclose(logits(copy, x), logits(model, x), rtol=1e-4, atol=1e-12)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="one number per stage"):
        ResNet(blocks=(1, 1), widths=(8,))
    with pytest.raises(ValueError, match="stem"):
        ResNet(stem="huge")
    with pytest.raises(ValueError, match="preprocessing"):
        BackboneRecognizer(tiny_backbone(), preprocessing="imagenet")
    inputs = keras.Input((4,))
    with pytest.raises(ValueError, match="include_top=False"):
        BackboneRecognizer(keras.Model(inputs, keras.layers.Dense(2)(inputs)))


@pytest.mark.slow
@pytest.mark.parametrize("make", [MAKERS["resnet"], MAKERS["small"]], ids=["resnet", "small"])
def test_tflite_answers_the_same(make, tmp_path):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("TFLite files are made on the TensorFlow backend")
    interpreters = pytest.importorskip("ai_edge_litert.interpreter")
    model = make(classes=5, embedding=6)
    path = str(tmp_path / "model.tflite")
    spec = keras.InputSpec(shape=(1, 16, 16, 3), dtype="float32")
    model.export(path, format="litert", input_signature=[spec], verbose=False)
    runner = interpreters.Interpreter(path).get_signature_runner()
    x = images(1)
    result = runner(**{name: x for name in runner.get_input_details()})
    expected = model(x)
    for name in ("embedding", "logits"):
        np.testing.assert_allclose(result[name], expected[name], rtol=1e-3, atol=1e-5)


def test_a_student_of_lr_images_has_the_weights_of_an_assistant_of_hr_images():
    assistant = ResNet(5, blocks=(1, 1), widths=(4, 8), stem="large")
    student = ResNet(5, blocks=(1, 1), widths=(4, 8), stem="large", upsampling=4)
    student.set_weights(assistant.get_weights())
    # An even image keeps its mean when it is enlarged, and so what is made of it.
    flat = np.full((1, 8, 8, 3), 0.3, "float32")
    enlarged = np.full((1, 32, 32, 3), 0.3, "float32")
    np.testing.assert_allclose(logits(student, flat), logits(assistant, enlarged), atol=1e-5)


def test_upsampling_is_bilinear_on_every_backend():
    student = ResNet(blocks=(1,), widths=(2,), channels=1, upsampling=2)
    enlarged = student.get_layer("upsampling")(np.array([0.0, 1.0]).reshape(1, 1, 2, 1))
    expected = [0.0, 0.25, 0.75, 1.0]
    np.testing.assert_allclose(ops.convert_to_numpy(enlarged)[0, 0, :, 0], expected, atol=1e-6)
