"""What is computed again after a change is what the whole model computes."""

import keras
import numpy as np
import pytest

from keras_pisr.forms.int8.quantized import quantized_form
from keras_pisr.forms.int8.rerun import Rerun
from tests.models.students import plain_student, small_student

pytestmark = pytest.mark.usefixtures("tensorflow_backend")
LUMA = np.random.default_rng(0).random((2, 9, 11, 1), "float32")


@pytest.mark.parametrize("make", [small_student, plain_student])
def test_the_output_is_that_of_the_whole_model(make):
    form = quantized_form(make())
    run = Rerun(form, LUMA)
    ranged = [layer for layer in form.layers if layer.name.endswith("_levels")]
    for layer in ranged:
        for high in (3.0, 0.5):
            layer.set_weights([np.float32(-0.5), np.float32(high)])
            np.testing.assert_array_equal(run.output_from(layer), form(LUMA))


def test_there_is_no_way_back():
    inputs = keras.Input((None, None, 1))
    first, last = keras.layers.ReLU(name="first"), keras.layers.ReLU(name="last")
    run = Rerun(keras.Model(inputs, last(first(inputs))), LUMA)
    np.testing.assert_array_equal(run.output_from(last), LUMA)
    with pytest.raises(ValueError, match="'first' comes before"):
        run.output_from(first)
