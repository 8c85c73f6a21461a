import keras
import numpy as np
import pytest

from keras_pisr.models import FSRCNN, BicubicEnlargement, PrivilegedTeacher, start_as_bicubic
from tests.harness import array, check_saving

pytestmark = pytest.mark.core


def test_has_the_published_number_of_parameters():
    teacher = PrivilegedTeacher(FSRCNN(scale=2))
    assert teacher.encoder.count_params() == 86_084
    assert teacher.count_params() == 98_728


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_code_has_the_size_of_the_lr_image(scale):
    teacher = PrivilegedTeacher(FSRCNN(scale=scale))
    hr = np.zeros((1, 3 * scale, 5 * scale, 1), "float32")
    assert tuple(teacher.encoder(hr).shape) == (1, 3, 5, 1)
    assert tuple(teacher(hr).shape) == hr.shape


def test_strided_convolution_starts_two_pixels_before_the_block():
    teacher = PrivilegedTeacher(FSRCNN(scale=2))
    layer = teacher.encoder.get_layer("encoder_2_conv")
    kernel, bias = (np.zeros_like(weight) for weight in layer.get_weights())
    kernel[0, 0, 0, 0] = 1
    layer.set_weights([kernel, bias])
    x = np.zeros((1, 4, 4, 56), "float32")
    x[0, :, :, 0] = np.arange(16).reshape(4, 4) + 1
    out = layer(teacher.encoder.get_layer("encoder_2_pad")(x))
    # Tap (0, 0) of output (i, j) reads input (2i - 2, 2j - 2).
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(out)[0, :, :, 0], [[0, 0], [0, 1]])


def test_survives_saving(tmp_path, rng):
    teacher = PrivilegedTeacher(FSRCNN(scale=2, features=8, mapping_layers=1))
    hr = rng.random((1, 6, 4, 1)).astype("float32")
    check_saving(teacher, hr, tmp_path)
    assert keras.saving.load_model(tmp_path / "model.keras").decoder.features == 8


def rgb_decoder():
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", name="expanding")(inputs)
    residual = keras.layers.Conv2D(3, 3, padding="same")(x)
    return keras.Model(inputs, BicubicEnlargement(2)(keras.layers.Add()([inputs, residual])))


def test_channels_are_those_of_the_decoder(rng, tmp_path):
    teacher = PrivilegedTeacher(rgb_decoder(), scale=2)
    hr = rng.random((1, 6, 4, 3)).astype("float32")
    assert tuple(teacher.encoder(hr).shape) == (1, 3, 2, 3)
    assert tuple(teacher(hr).shape) == hr.shape
    check_saving(teacher, hr, tmp_path)


def test_an_encoder_of_ones_own_is_kept(rng, tmp_path):
    encoder = keras.Sequential([keras.Input((None, None, 1)), keras.layers.AveragePooling2D(2)])
    teacher = PrivilegedTeacher(FSRCNN(scale=2, features=8, mapping_layers=1), encoder=encoder)
    hr = rng.random((1, 6, 4, 1)).astype("float32")
    expected = hr.reshape(1, 3, 2, 2, 2, 1).mean((2, 4))
    np.testing.assert_allclose(array(teacher.encoder(hr)), expected, rtol=1e-6)
    check_saving(teacher, hr, tmp_path)
    with pytest.raises(ValueError, match="encoder of your own"):
        start_as_bicubic(teacher)


def test_a_decoder_without_a_graph_is_refused():
    class Opaque(keras.Model):
        scale = 2

    with pytest.raises(ValueError, match="functional or Sequential decoder"):
        PrivilegedTeacher(Opaque())


def test_a_decoder_without_a_scale_needs_one():
    inputs = keras.Input((None, None, 1))
    decoder = keras.Model(inputs, keras.layers.Conv2D(1, 3, padding="same")(inputs))
    with pytest.raises(ValueError, match="scale"):
        PrivilegedTeacher(decoder)
    assert PrivilegedTeacher(decoder, scale=1).scale == 1
