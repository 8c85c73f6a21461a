import keras
import numpy as np
import pytest

from keras_pisr.models import FSRCNN, PrivilegedTeacher, ResidualFSRCNN, SubpixelResidual
from tests.harness import array, check_upscaler, in_precision

pytestmark = pytest.mark.core


def test_a_residual_is_added_to_the_pixel_it_lies_in():
    lr = np.array([[[[0.25], [0.5]]]], "float32")
    residual = np.array([[[[0.0, 0.125, -0.125, 0.25], [0.0, 0.75, -0.75, -0.5]]]], "float32")
    # Sub-pixels run along rows; 0.5 + 0.75 and 0.5 - 0.75 are clipped.
    expected = [[0.25, 0.375, 0.5, 1.0], [0.125, 0.5, 0.0, 0.0]]
    out = array(SubpixelResidual(2)([residual, lr]))[0, :, :, 0]
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(("scale", "parameters"), [(1, 13_105), (2, 14_620), (3, 17_145)])
def test_keeps_what_every_upscaler_promises(scale, parameters, tmp_path):
    check_upscaler(
        lambda: ResidualFSRCNN(scale=scale), scale=scale, parameters=parameters, folder=tmp_path
    )


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


def test_output_is_float32_under_mixed_precision():
    model = in_precision("mixed_float16", lambda: ResidualFSRCNN(scale=2, features=8))
    # LR luma in float16 would lose its last bits before anything is added to it.
    lr = np.full((1, 4, 4, 1), 0.7001, "float32")
    kernel, bias = model.get_layer("residual").get_weights()
    model.get_layer("residual").set_weights([kernel * 0, bias * 0])
    out = model(lr)
    assert keras.backend.standardize_dtype(out.dtype) == "float32"
    np.testing.assert_array_equal(array(out), lr.repeat(2, axis=1).repeat(2, axis=2))
