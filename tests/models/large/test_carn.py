import keras
import numpy as np
import pytest

from keras_pisr.models import CARN, multiply_accumulates
from tests.harness import array, check_student, check_upscaler, random

pytestmark = pytest.mark.core


def narrow(scale=2, mobile=False):
    return CARN(scale, mobile=mobile, features=4, steps=2)


def test_keeps_what_every_upscaler_promises(tmp_path):
    check_upscaler(narrow, scale=2, parameters=2_117, folder=tmp_path)


def test_the_mobile_one_keeps_what_every_student_promises(tmp_path):
    check_student(lambda: narrow(3, mobile=True), scale=3, parameters=901, folder=tmp_path)


@pytest.mark.parametrize(
    ("mobile", "scale", "parameters", "giga"),
    [(False, 2, 961_857, 221.5), (False, 3, 1_146_497, 117.6), (False, 4, 1_109_569, 89.7)]
    + [(True, 2, 254_721, 89.8), (True, 3, 301_121, 44.9), (True, 4, 291_841, 31.4)],
)
def test_costs_what_the_class_says(mobile, scale, parameters, giga):
    model = CARN(scale, mobile=mobile)
    assert model.count_params() == parameters
    per_pixel = multiply_accumulates(model, (10, 10, 1)) / 100
    assert per_pixel * 1280 * 720 / scale**2 / 1e9 == pytest.approx(giga, abs=0.05)


def counted(model, biases):
    return sum(
        np.size(array(weight)) for weight in model.weights if biases or weight.name == "kernel"
    )


@pytest.mark.parametrize(("mobile", "paper"), [(False, 1_592), (True, 412)])
def test_with_rgb_ends_and_three_enlargements_it_has_the_papers_parameters(mobile, paper):
    biases = not mobile  # The paper's figure of CARN-M leaves them out.
    without, *enlarging = (counted(CARN(s, mobile=mobile), biases) for s in (1, 2, 3, 4))
    rgb = 2 * (9 * 64 * 2) + (2 if biases else 0)
    assert round((without + sum(x - without for x in enlarging) + rgb) / 1000) == paper


def test_units_of_a_block_share_their_weights_in_the_mobile_one():
    units = [name for name in (x.name for x in narrow(mobile=True).layers) if "_unit" in name]
    assert {name.split("_unit")[0] for name in units} == {"block_1", "block_2"}
    assert sum(name.endswith("_conv") for name in units) == 6


def test_a_group_enlarges_its_own_channels():
    model = narrow(mobile=True)
    group = model.get_layer("upsampling_1_group_2_conv")
    features = keras.Model(model.inputs[0], [model.get_layer("features").output, group.input])
    all_of, own = map(array, features(random((1, 5, 4, 1))))
    np.testing.assert_array_equal(own, all_of[..., 1:2])


def test_groups_divide_the_channels():
    with pytest.raises(ValueError, match="multiple of 4; got 6"):
        CARN(mobile=True, features=6)
