"""Pixels in two channels keep what 8 bit would round off."""

import keras
import numpy as np
import pytest

from keras_pisr.forms.int8.fine_pixels import fine_pixels
from keras_pisr.forms.int8.merged_ends import merged_ends
from keras_pisr.forms.int8.pixel_layers import GAIN, WholeAndRest
from keras_pisr.forms.int8.quantized import post_training_form
from keras_pisr.forms.phone import deployed_form
from tests.models.students import plain_student, small_student

pytestmark = pytest.mark.usefixtures("tensorflow_backend")


@pytest.fixture
def lumas(rng):
    return [rng.random((1, 12, 14, 1), dtype="float32") for _ in range(2)]


def test_whole_steps_and_the_rest():
    split = WholeAndRest()(np.array([0, 100, 100.5, 255], "float32").reshape(1, 2, 2, 1) / 255)
    wanted = [[0, 0], [100, 0], [100, GAIN / 2], [255, 0]]
    np.testing.assert_allclose(255 * np.asarray(split).reshape(4, 2), wanted, atol=2e-3)


@pytest.mark.parametrize("make", [plain_student, small_student])
def test_the_output_is_the_same(make, lumas):
    model = make()
    fine = fine_pixels(merged_ends(deployed_form(model), lumas))
    assert sum(isinstance(layer, WholeAndRest) for layer in fine.layers) == 1
    np.testing.assert_allclose(fine(lumas[0]), model(lumas[0]), atol=1e-5)


def test_8_bit_loses_less_between_the_steps_of_pixels(lumas):
    model = plain_student()
    deployed = merged_ends(deployed_form(model), lumas)
    forms = [post_training_form(form, lumas) for form in (fine_pixels(deployed), deployed)]
    fine, coarse = (np.std(np.asarray(form(lumas[0])) - model(lumas[0])) for form in forms)
    # Both also round the weights, the features and the output.
    assert fine < 0.9 * coarse


def test_other_readers_of_the_image_leave_the_model_as_it_is():
    inputs = keras.Input((None, None, 1))
    enlarged = keras.layers.UpSampling2D(2)(inputs)
    model = keras.Model(inputs, keras.layers.Conv2D(1, 3, padding="same")(enlarged))
    assert fine_pixels(model) is model
