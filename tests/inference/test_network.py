"""A network for upscaling: the model's numbers, with the weights that it has at the time."""

import random

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.forms.blocked import BlockedSubpixelDeconvolution
from keras_pisr.inference.network import Network
from tests.models.students import residual_student, scrambled, small_student

pytestmark = pytest.mark.core

STUDENTS = {
    "one slope": small_student,
    "one slope per channel": lambda scale: small_student(scale, slope_per_channel=True),
    "residual": residual_student,
}


def assert_equal(network, model, luma):
    wanted = model.predict_on_batch(luma[None, ..., None])[0, ..., 0]
    np.testing.assert_allclose(network(luma), wanted, rtol=1e-5, atol=1e-5)


def slopes_of(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.PReLU)]


@pytest.mark.parametrize("kind", STUDENTS)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_it_is_the_model(kind, scale, rng):
    model = scrambled(STUDENTS[kind](scale), rng)
    for layer, highest in zip(slopes_of(model), (1, 1.5, 0, 3), strict=False):
        layer.set_weights([rng.uniform(-1, highest, layer.alpha.shape)])
    network = Network(model)
    assert network.scale == scale
    for size in [(8, 10), (7, 9), (6, 5), (13, 4), (1, 1)]:
        assert_equal(network, model, rng.random(size, "float32"))


def test_an_image_is_what_predict_makes_of_it(rng):
    model = small_student(slope_per_channel=True)
    image = rng.random((15, 12), "float32")
    wanted = model.predict_on_batch(image[None, ..., None])[0, ..., 0].clip(0, 1)
    np.testing.assert_allclose(kp.upscale(model, image), wanted, atol=1e-5)


@pytest.mark.parametrize("kind", STUDENTS)
def test_weights_that_change_are_seen(kind, rng):
    model, luma = STUDENTS[kind](2), rng.random((9, 8), "float32")
    network = Network(model)
    for layer in [x for x in model.layers if x.get_weights()]:
        before = network(luma)
        layer.set_weights([1.1 * w + 0.05 for w in layer.get_weights()])
        assert np.abs(network(luma) - before).max() > 1e-6, layer.name
        assert_equal(network, model, luma)


def test_slopes_that_grow_beyond_one_are_seen(rng):
    model, luma = small_student(slope_per_channel=True), rng.random((9, 8), "float32")
    network = Network(model)
    for layer in slopes_of(model):
        layer.set_weights([layer.get_weights()[0] + 1])
        assert_equal(network, model, luma)


def test_weights_of_another_kind_are_seen(rng):
    model, luma = small_student(), rng.random((9, 8), "float32")
    network = Network(model)
    before, layer = network(luma), model.get_layer("shrinking_conv")
    layer.enable_lora(2)
    layer.set_weights([w + 0.1 for w in layer.get_weights()])
    assert np.abs(network(luma) - before).max() > 1e-3
    model.predict_function = None  # It was compiled without LoRA.
    assert_equal(network, model, luma)


def test_a_step_of_training_is_seen(rng):
    model, luma = small_student(), rng.random((9, 8), "float32")
    before = kp.upscale(model, luma)
    model.compile("sgd", loss="mse")
    model.train_on_batch(luma[None, ..., None], np.ones((1, 18, 16, 1), "float32"))
    after = kp.upscale(model, luma)
    assert np.abs(after - before).max() > 1e-4
    wanted = model.predict_on_batch(luma[None, ..., None])[0, ..., 0].clip(0, 1)
    np.testing.assert_allclose(after, wanted, atol=1e-5)


def test_mixed_precision_is_run_in_float32(rng):
    student, before = small_student(), keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = small_student()
    finally:
        keras.config.set_dtype_policy(before)
    mixed.set_weights(student.get_weights())
    if keras.backend.backend() == "jax":
        pytest.skip("JAX runs the model as it is")
    assert_equal(Network(mixed), student, rng.random((9, 8), "float32"))


def test_it_draws_no_random_numbers(rng):
    model = small_student()
    state = random.getstate()
    Network(model)(rng.random((9, 8), "float32"))
    assert random.getstate() == state


class Brighter(kp.models.ResidualFSRCNN):
    def call(self, inputs, training=None, mask=None):
        return super().call(inputs) + 1


def test_a_model_that_is_more_than_its_graph_runs_as_it_is(rng):
    model = Brighter(2, features=4, shrunk_features=4, mapping_layers=1)
    luma = rng.random((9, 8), "float32")
    assert Network(model)(luma).min() >= 1
    assert_equal(Network(model), model, luma)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="JAX compiles each size, PyTorch nothing"
)
def test_one_compilation_serves_all_sizes(monkeypatch, rng):
    traced, call = [], BlockedSubpixelDeconvolution.call

    def counted(layer, inputs):
        traced.append(inputs.shape)
        return call(layer, inputs)

    monkeypatch.setattr(BlockedSubpixelDeconvolution, "call", counted)
    model = small_student()
    network = Network(model)
    # The first size alone is taken to be the only one.
    for size in [(9, 8), (20, 21)]:
        network(rng.random(size, "float32"))
    before = len(traced)
    assert before > 0
    for size in [(9, 30), (31, 8), (64, 17), (3, 5)]:
        assert_equal(network, model, rng.random(size, "float32"))
    assert len(traced) == before
