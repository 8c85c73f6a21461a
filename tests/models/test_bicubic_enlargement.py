import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.models import BicubicEnlargement
from tests.harness import array, check_layer, random

pytestmark = pytest.mark.core


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 3])
def test_is_the_published_enlargement(scale, channels):
    images = random((2, 7, 9, channels))
    expected = [kp.data.upscale(image, scale) if scale > 1 else image for image in images]
    np.testing.assert_allclose(array(BicubicEnlargement(scale)(images)), expected, atol=1e-6)


def test_by_hand():
    # At a quarter of a pixel Keys' weights are -9, 111, 29 and -3 in 128.
    out = array(BicubicEnlargement(2)(np.array([[[[0.0], [0], [1], [0], [0]]]], "float32")))
    row = np.array([0, -3, -9, 29, 111, 111, 29, -9, -3, 0]) / 128
    np.testing.assert_allclose(out[0, 0, :, 0], row, atol=1e-6)


def test_keeps_what_every_layer_promises(tmp_path):
    check_layer(lambda: BicubicEnlargement(3), random((2, 4, 5, 3)), folder=tmp_path)


def test_is_float32_under_mixed_precision():
    layer = BicubicEnlargement(2)
    assert layer.compute_dtype == "float32"


@pytest.mark.parametrize("scale", [0, 1.5])
def test_an_impossible_scale_is_refused(scale):
    with pytest.raises(ValueError, match="integer of at least 1"):
        BicubicEnlargement(scale)


def residual_on_bicubic():
    """A network like VDSR: bicubic, and a residual on the enlarged image."""
    inputs = keras.Input((None, None, 1))
    image = BicubicEnlargement(2)(inputs)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="expanding")(image)
    x = keras.layers.Conv2D(1, 3, padding="same", kernel_initializer="zeros")(x)
    return keras.Model(inputs, keras.layers.Add()([image, x]))


def test_a_network_on_it_upscales_images_of_any_size():
    image = np.round(255 * random((21, 30, 1))).astype("uint8")
    upscaled = kp.upscale(residual_on_bicubic(), image)
    expected = np.round(255 * np.clip(kp.data.upscale(image / np.float32(255), 2), 0, 1))
    np.testing.assert_allclose(upscaled.astype(float), expected, atol=1)


@pytest.mark.usefixtures("tensorflow_backend")
def test_a_network_on_it_becomes_a_file_of_open_size(tmp_path):
    pytest.importorskip("ai_edge_litert")
    student = residual_on_bicubic()
    kp.mobile.to_tflite(student, tmp_path / "a.tflite")
    luma = random((1, 11, 14, 1))
    file = kp.mobile.TFLiteModel(tmp_path / "a.tflite")
    np.testing.assert_allclose(file(luma), array(student(luma)), atol=1e-5)
