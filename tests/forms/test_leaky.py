"""Leaky ReLUs with slopes of any sign, in place of PReLUs."""

import keras
import numpy as np
import pytest

from keras_pisr.forms.leaky import Leaky, with_leaky
from tests.models.students import small_student

pytestmark = pytest.mark.core


def test_two_slopes_by_hand():
    x = np.array([[-4.0, 0.0, 3.0]], "float32")
    for slope, wanted in {0.5: [-2, 0, 3], -0.25: [1, 0, 3]}.items():
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(Leaky(slope)(x)), [wanted])


def test_the_copy_is_the_same_function_with_weights_of_its_own(rng):
    model = small_student()
    leaky = with_leaky(model, lambda layer: type(layer).from_config(layer.get_config()))
    luma, before = rng.random((2, 8, 9, 1)).astype("float32"), model.get_weights()
    np.testing.assert_allclose(
        leaky.predict_on_batch(luma), model.predict_on_batch(luma), atol=1e-6
    )
    assert sum(isinstance(layer, Leaky) for layer in leaky.layers) == 4
    leaky.set_weights([w * 0 for w in leaky.get_weights()])
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
