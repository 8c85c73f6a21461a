"""Layers that round as an 8-bit file does: levels by hand, gradients straight through."""

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.forms.int8.fake_quant import (
    FakeQuant,
    FakeQuantConv2D,
    FakeQuantSubpixelDeconvolution,
    FakeQuantSubpixelResidual,
    round_kernel,
)

pytestmark = pytest.mark.usefixtures("tensorflow_backend")


def test_a_range_of_pixels_has_the_levels_of_pixels():
    values = np.array([-1, 0, 0.11, 0.6, 1, 2], "float32")
    levels = np.asarray(FakeQuant(0, 1)(values)) * 255
    np.testing.assert_allclose(levels, [0, 0, 28, 153, 255, 255], atol=1e-4)


def test_zero_is_always_a_level():
    # 256 levels from -0.3 to 1: steps of 1.3 / 255; -0.3 is 58.8 of them, so the range moves.
    step = 1.3 / 255
    out = np.asarray(FakeQuant(-0.3, 1)(np.array([-1, 0, 0.4, 3], "float32"))) / step
    np.testing.assert_allclose(out, [-59, 0, 78, 196], atol=1e-3)
    assert np.asarray(FakeQuant(0.5, 1)(np.zeros(1, "float32"))) == 0


def test_a_tensor_that_is_always_zero_stays_finite():
    assert np.asarray(FakeQuant(0, 0)(np.zeros(3, "float32"))).tolist() == [0, 0, 0]


def test_kernels_have_127_levels_a_side_in_each_channel(rng):
    kernel = rng.normal(size=(3, 3, 2, 4)).astype("float32") * [1, 10, 0.1, 0]
    step = np.abs(kernel).max((0, 1, 2)) / 127
    expected = np.rint(kernel / np.maximum(step, 1e-9)) * step
    np.testing.assert_allclose(round_kernel(kernel.astype("float32")), expected, atol=1e-5)


def test_gradients_pass_the_rounding(rng):
    import tensorflow as tf

    layer = FakeQuantConv2D(3, 3, padding="same")
    images = rng.random((1, 6, 6, 2)).astype("float32")
    exact = keras.layers.Conv2D(3, 3, padding="same")
    layer(images), exact(images)
    exact.set_weights(layer.get_weights())
    gradients = []
    for one in (layer, exact):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(one(images))
        gradients.append(tape.gradient(loss, one.kernel.value))
    np.testing.assert_allclose(*gradients, rtol=1e-5)
    assert np.abs(layer(images) - exact(images)).max() > 0


def test_a_range_learns_from_what_it_clips():
    import tensorflow as tf

    layer = FakeQuant(0, 1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(np.array([0.5, 2, 3], "float32")))
    assert float(tape.gradient(loss, layer.high.value)) == 2


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        (FakeQuantSubpixelDeconvolution, (1, 4, 5, 3)),
        (FakeQuantSubpixelResidual, [(1, 4, 5, 4), (1, 4, 5, 1)]),
    ],
)
def test_the_ends_of_the_network_stay_near_their_float_forms(kind, inputs, rng):
    exact, rounded = kind.__mro__[1](scale=2), kind(scale=2)
    x = (
        [rng.random(s).astype("f") for s in inputs]
        if isinstance(inputs, list)
        else rng.random(inputs)
    )
    wanted = np.asarray(exact(x))
    rounded(x)
    rounded.set_weights(exact.get_weights())
    difference = np.abs(np.asarray(rounded(x)) - wanted).max()
    assert 0 < difference < 0.02


def test_layers_survive_saving(tmp_path, rng):
    inputs = keras.Input((None, None, 1))
    x = FakeQuant(-1, 2, name="levels")(FakeQuantConv2D(4, 3, padding="same")(inputs))
    model = keras.Model(inputs, FakeQuantSubpixelResidual(2)([x, inputs]))
    model.get_layer("levels").set_weights([np.float32(-0.5), np.float32(0.7)])
    model.save(tmp_path / "a.keras")
    again = kp.load_student(tmp_path / "a.keras")
    luma = rng.random((1, 6, 6, 1)).astype("float32")
    np.testing.assert_array_equal(again(luma), model(luma))
