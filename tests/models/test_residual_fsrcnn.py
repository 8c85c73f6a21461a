import keras
import numpy as np
import pytest

from keras_pisr.models import FSRCNN, PrivilegedTeacher, ResidualFSRCNN, SubpixelResidual

pytestmark = pytest.mark.core


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_a_residual_is_added_to_the_pixel_it_lies_in():
    lr = np.array([[[[0.25], [0.5]]]], "float32")
    residual = np.array([[[[0.0, 0.125, -0.125, 0.25], [0.0, 0.75, -0.75, -0.5]]]], "float32")
    # Sub-pixels run along rows; 0.5 + 0.75 and 0.5 - 0.75 are clipped.
    expected = [[0.25, 0.375, 0.5, 1.0], [0.125, 0.5, 0.0, 0.0]]
    out = array(SubpixelResidual(2)([residual, lr]))[0, :, :, 0]
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(("scale", "parameters"), [(1, 13_105), (2, 14_620), (3, 17_145)])
def test_multiplies_any_size_by_the_scale(scale, parameters):
    model = ResidualFSRCNN(scale=scale)
    assert model.count_params() == parameters
    out = model(np.zeros((2, 7, 13, 1), "float32"))
    assert tuple(out.shape) == (2, 7 * scale, 13 * scale, 1)
    assert model.compute_output_shape((2, 7, 13, 1)) == (2, 7 * scale, 13 * scale, 1)


def test_a_silent_network_repeats_pixels(rng):
    model = ResidualFSRCNN(scale=3, features=4, shrunk_features=4, mapping_layers=1)
    kernel, bias = model.get_layer("residual").get_weights()
    model.get_layer("residual").set_weights([kernel * 0, bias * 0])
    lr = rng.random((1, 4, 5, 1)).astype("float32")
    expected = lr.repeat(3, axis=1).repeat(3, axis=2)
    np.testing.assert_array_equal(array(model(lr)), expected)


def test_has_the_blocks_of_fsrcnn():
    ours, theirs = (
        {layer.name for layer in kind(scale=2).layers} for kind in (ResidualFSRCNN, FSRCNN)
    )
    assert theirs - ours == set() and ours - theirs == {"residual"}
    assert PrivilegedTeacher(ResidualFSRCNN(scale=2)).scale == 2


def test_survives_saving(tmp_path, rng):
    model = ResidualFSRCNN(scale=3, features=8, shrunk_features=4, mapping_layers=2)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    x = rng.random((1, 6, 5, 1)).astype("float32")
    assert isinstance(again, ResidualFSRCNN) and again.get_config() == model.get_config()
    np.testing.assert_array_equal(array(again(x)), array(model(x)))


def test_a_preset_keeps_it(tmp_path):
    model = ResidualFSRCNN(scale=2, features=8, shrunk_features=4, mapping_layers=2)
    model.save_to_preset(tmp_path / "preset")
    again = ResidualFSRCNN.from_preset(tmp_path / "preset")
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_output_is_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = ResidualFSRCNN(scale=2, features=8)
    finally:
        keras.config.set_dtype_policy("float32")
    # LR luma in float16 would lose its last bits before anything is added to it.
    lr = np.full((1, 4, 4, 1), 0.7001, "float32")
    kernel, bias = model.get_layer("residual").get_weights()
    model.get_layer("residual").set_weights([kernel * 0, bias * 0])
    out = model(lr)
    assert keras.backend.standardize_dtype(out.dtype) == "float32"
    np.testing.assert_array_equal(array(out), lr.repeat(2, axis=1).repeat(2, axis=2))
