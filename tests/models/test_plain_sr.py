import keras
import numpy as np
import pytest

from keras_pisr.models import PlainSR, multiply_accumulates
from tests.harness import array, check_saving, check_student, in_precision, random
from tests.models.students import scrambled

pytestmark = pytest.mark.core


def narrow(scale=2):
    return PlainSR(scale, features=4, body_layers=2)


@pytest.mark.parametrize(
    ("size", "scale", "parameters", "giga"),
    [("small", 2, 12_696, 2.9), ("small", 3, 13_546, 1.38), ("small", 4, 14_736, 0.84)]
    + [("medium", 2, 39_080, 8.97), ("medium", 3, 40_650, 4.15), ("medium", 4, 42_848, 2.46)],
)
def test_sizes_cost_what_the_class_says(size, scale, parameters, giga):
    model = PlainSR(scale, size=size)
    assert model.count_params() == parameters
    per_pixel = multiply_accumulates(model, (10, 10, 1)) / 100
    assert per_pixel * 1280 * 720 / scale**2 / 1e9 == pytest.approx(giga, abs=0.005)


@pytest.mark.parametrize(("scale", "parameters"), [(1, 462), (3, 958)])
def test_keeps_what_every_student_promises(scale, parameters, tmp_path):
    check_student(lambda: narrow(scale), scale=scale, parameters=parameters, folder=tmp_path)


def test_a_number_by_hand():
    # Every kernel passes its input on, times 1 or -1; the linear part doubles the pixel.
    model = PlainSR(1, features=1, body_layers=1, negative_slope=0.25)

    def centre(size, value):
        kernel = np.zeros((size, size, 1, 1))
        kernel[size // 2, size // 2] = value
        return kernel

    model.get_layer("first_conv").set_weights([centre(5, 1), np.zeros(1)])
    model.get_layer("body_1_conv").set_weights([centre(3, -1), np.zeros(1)])
    model.get_layer("residual").set_weights([centre(3, 1), np.full(1, 0.125)])
    model.get_layer("linear").set_weights([centre(5, 0.5)])
    lr = np.array([0.25, 0.5, 0.75], "float32").reshape(1, 1, 3, 1)
    # first 0.25; body -0.25, of which a quarter stays: -0.0625; 0.1875 + 0.125 + 0.125; and so on.
    expected = [0.4375, 0.75, 1.0]
    np.testing.assert_array_equal(array(model(lr)).ravel(), expected)


def test_the_layer_to_distil_is_the_sum_of_early_and_late_features(rng):
    model = scrambled(narrow(), rng)
    names = ("first", "body_2", "features")
    taps = keras.Model(model.inputs[0], [model.get_layer(name).output for name in names])
    early, late, features = map(array, taps(rng.random((1, 6, 5, 1)).astype("float32")))
    np.testing.assert_allclose(features, early + late, rtol=1e-6)


def test_every_argument_survives_saving(tmp_path):
    check_saving(PlainSR(3, features=4, negative_slope=0.2), random((1, 6, 5, 1)), tmp_path)


def test_output_is_float32_under_mixed_precision():
    model = in_precision("mixed_bfloat16", lambda: PlainSR(1, features=4, body_layers=1))
    kernel, bias = model.get_layer("residual").get_weights()
    model.get_layer("residual").set_weights([kernel * 0, bias * 0])
    kernel = np.zeros((5, 5, 1, 1))
    kernel[2, 2] = 1
    model.get_layer("linear").set_weights([kernel])
    lr = np.full((1, 4, 4, 1), 0.7001, "float32")
    np.testing.assert_array_equal(array(model(lr)), lr)


def test_an_unknown_size_is_refused():
    with pytest.raises(ValueError, match="small, medium; got 'tiny'"):
        PlainSR(size="tiny")
