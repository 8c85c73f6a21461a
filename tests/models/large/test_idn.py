import keras
import numpy as np
import pytest

from keras_pisr.models import IDN, multiply_accumulates
from tests.harness import array, check_student, random
from tests.models.students import scrambled

pytestmark = pytest.mark.core


def narrow(scale=2):
    return IDN(scale, features=16, block_count=1)


def test_keeps_what_every_student_promises(tmp_path):
    check_student(lambda: narrow(3), scale=3, parameters=14_941, folder=tmp_path)


@pytest.mark.parametrize(("scale", "giga"), [(2, 127.0), (3, 56.4), (4, 31.8)])
def test_costs_what_the_class_says(scale, giga):
    model = IDN(scale)
    # The paper's 553K.
    assert model.count_params() == 552_769
    per_pixel = multiply_accumulates(model, (10, 10, 1)) / 100
    assert per_pixel * 1280 * 720 / scale**2 / 1e9 == pytest.approx(giga, abs=0.05)


def test_a_quarter_is_kept_aside_and_added_to_the_end_of_a_block(rng):
    model = scrambled(narrow(), rng)
    names = ["first_2", "block_1_3", "block_1_6", "block_1_sum"]
    taps = keras.Model(model.inputs[0], [model.get_layer(name).output for name in names])
    before, middle, late, total = map(array, taps(random((1, 6, 5, 1))))
    joined = np.concatenate([before, middle[..., :4]], axis=-1)
    np.testing.assert_allclose(total, late + joined, rtol=1e-5)


def test_widths_that_have_no_quarters_in_groups_are_refused():
    with pytest.raises(ValueError, match="multiple of 16; got 24"):
        IDN(features=24)
