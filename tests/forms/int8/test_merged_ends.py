"""One convolution in place of two computes the same."""

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.forms.int8.merged_ends import merged_ends
from keras_pisr.forms.int8.quantized import form_of_file, post_training_form
from keras_pisr.forms.phone import deployed_form
from tests.models.students import plain_student, small_student

pytestmark = pytest.mark.usefixtures("tensorflow_backend")


@pytest.fixture
def lumas():
    return [np.random.default_rng(i).random((1, 12, 14, 1), dtype="float32") for i in range(2)]


def student(scale=2, **options):
    """A PlainSR whose residual is no longer silent."""
    model = plain_student(scale, **options)
    layer = model.get_layer("residual")
    layer.set_weights([60 * layer.get_weights()[0], np.full(scale**2, 0.01)])
    return model


@pytest.mark.parametrize("scale", [2, 3])
def test_the_output_is_the_same(scale, lumas):
    model = student(scale)
    merged = merged_ends(deployed_form(model), lumas)
    assert {"residual", "linear"}.isdisjoint(layer.name for layer in merged.layers)
    np.testing.assert_allclose(merged(lumas[0]), model(lumas[0]), atol=1e-5)


def test_features_reach_one_and_no_more(lumas):
    merged = merged_ends(deployed_form(student()), lumas)
    features = keras.Model(merged.inputs[0], merged.get_layer("features").output)
    largest = max(np.max(features(luma)) for luma in lumas)
    np.testing.assert_allclose(largest, 1, rtol=1e-5)


@pytest.mark.parametrize(
    "model",
    [
        lambda: student(negative_slope=0.1),
        small_student,
        lambda: kp.models.ResidualFSRCNN(features=8, shrunk_features=8, mapping_layers=1),
    ],
)
def test_other_networks_are_returned_as_they_are(model, lumas):
    deployed = deployed_form(model())
    assert merged_ends(deployed, lumas) is deployed


def test_the_8_bit_form_is_saved_and_loaded(lumas, tmp_path):
    form = form_of_file(deployed_form(student()), lumas, fine=False)
    form.save(tmp_path / "a.keras")
    loaded = kp.load_student(tmp_path / "a.keras")
    np.testing.assert_array_equal(loaded(lumas[0]), form(lumas[0]))


def test_the_sum_is_rounded_once(lumas):
    model, luma = student(), np.rint(lumas[0] * 255) / 255
    merged = form_of_file(deployed_form(model), lumas, fine=False)
    apart = post_training_form(deployed_form(model), lumas)
    assert "residual_and_pixels_levels" not in {layer.name for layer in merged.layers}
    errors = [np.std(np.asarray(form(luma)) - model(luma)) for form in (merged, apart)]
    assert errors[0] < 0.95 * errors[1]
