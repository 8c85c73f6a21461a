"""Rounding and equalization: on the grid, closer than the nearest level, same function."""

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.forms.int8.equalization import equalize_channels
from keras_pisr.forms.int8.rounding import round_columns, round_weights
from keras_pisr.forms.leaky import Leaky
from tests.models.students import plain_student, scrambled, small_student


def output_error(weights, rounded, inputs):
    return np.sqrt(np.mean((inputs @ (rounded - weights)) ** 2))


def test_two_equal_inputs_make_up_for_each_other():
    # Largest 127 sets the step to 1. Inputs 1 and 2 are always equal, so 0.4 + 0.4 = 0.8 becomes
    # 0 + 1; to the nearest level both would be lost.
    weights = np.array([[127.0], [0.4], [0.4]])
    moment = np.array([[1.0, 0, 0], [0, 1, 1], [0, 1, 1]])
    rounded = round_columns(weights, moment)
    assert rounded[0] == 127 and sorted(rounded[1:].ravel()) == [0, 1]


def test_independent_inputs_round_to_the_nearest_level(rng):
    weights = rng.normal(size=(9, 4))
    step = np.abs(weights).max(axis=0) / 127
    nearest = np.rint(weights / step) * step
    np.testing.assert_allclose(round_columns(weights, np.eye(9)), nearest, atol=1e-12)


def test_correlated_inputs_err_less_than_with_the_nearest_level(rng):
    # Neighbouring pixels: a large common part and a little of their own.
    inputs = rng.normal(size=(500, 1)) + 0.1 * rng.normal(size=(500, 25))
    weights = rng.normal(size=(25, 6))
    rounded = round_columns(weights, inputs.T @ inputs / 500)
    step = np.abs(weights).max(axis=0) / 127
    levels = rounded / step
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-9)
    assert np.abs(levels).max(axis=0) == pytest.approx(np.full(6, 127))
    nearest = np.rint(weights / step) * step
    assert output_error(weights, rounded, inputs) < 0.3 * output_error(weights, nearest, inputs)


def test_columns_of_zeros_stay_zero():
    weights = np.array([[0.0, 1.0], [0.0, 0.5]])
    assert (round_columns(weights, np.eye(2))[:, 0] == 0).all()


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_equalized_channels_compute_the_same(tensorflow_backend, scale, rng):
    student = small_student(scale)
    lumas = [rng.random((1, 16, 16, 1)).astype("float32") for _ in range(2)]
    deployed = kp.forms.deployed_form(student)
    equalize_channels(deployed, lumas)
    np.testing.assert_allclose(deployed(lumas[0]), student(lumas[0]), atol=1e-5)
    first = keras.Model(deployed.inputs[0], deployed.layers[1].output)
    outputs = [np.asarray(first(x)) for x in lumas]
    below = abs(deployed.layers[2].slope) ** 0.25
    ranges = np.max([np.maximum(y, -below * y).max((0, 1, 2)) for y in outputs], axis=0)
    np.testing.assert_allclose(ranges, ranges.max(), rtol=1e-4)


def test_tensors_that_are_added_up_get_the_same_factors(tensorflow_backend, rng):
    student = scrambled(plain_student(), rng)
    lumas = [rng.random((1, 16, 16, 1)).astype("float32") for _ in range(2)]
    deployed = kp.forms.deployed_form(student)
    equalize_channels(deployed, lumas)
    np.testing.assert_allclose(deployed(lumas[0]), student(lumas[0]), atol=1e-5)
    factors = {}
    for name in ("first_conv", "body_1_conv", "body_2_conv", "residual", "linear"):
        before, after = (model.get_layer(name).get_weights() for model in (student, deployed))
        bias = before[1] if len(before) > 1 else np.zeros(4)
        factors[name] = after[1] / np.where(bias == 0, 1, bias)
    np.testing.assert_allclose(factors["first_conv"], factors["body_2_conv"], rtol=1e-5)
    assert np.ptp(factors["body_1_conv"]) > 0.1 and np.ptp(factors["first_conv"]) > 0.1
    np.testing.assert_allclose(factors["residual"], 1, rtol=1e-5)
    np.testing.assert_array_equal(factors["linear"], 0)


@pytest.mark.parametrize(
    ("activation", "weight"),
    [
        (keras.layers.ReLU(), 0.1),
        (keras.layers.ReLU(negative_slope=0.0625), 0.5),
        (Leaky(-0.0625), 0.5),
        (keras.layers.PReLU("zeros", shared_axes=[1, 2]), 0.1),
        (None, 1.0),
    ],
)
def test_what_an_activation_leaves_of_it_decides_what_counts(
    tensorflow_backend, activation, weight
):
    inputs = keras.Input((None, None, 1))
    first, last = keras.layers.Conv2D(2, 1), keras.layers.Conv2D(1, 1)
    x = first(inputs)
    model = keras.Model(inputs, last(x if activation is None else activation(x)))
    # On luma up to 1 the second channel falls to -8, the first rises to 2.
    first.set_weights([np.array([2.0, -8.0]).reshape(1, 1, 1, 2), np.zeros(2)])
    equalize_channels(model, [np.ones((1, 4, 4, 1), "float32")])
    kernel = first.get_weights()[0].ravel()
    np.testing.assert_allclose(kernel[1] / kernel[0], -1 / weight, rtol=1e-5)


def test_what_is_no_chain_is_left_as_it_is(tensorflow_backend, rng):
    inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(4, 3, padding="same")(inputs)
    x = keras.layers.Conv2D(4, 3, padding="same")(x) + x
    model = keras.Model(inputs, keras.ops.depth_to_space(x, 2))
    before = model.get_weights()
    equalize_channels(model, [rng.random((1, 8, 8, 1)).astype("float32")])
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("scale", [2, 3])
def test_rounded_kernels_lie_on_the_converters_grid(tensorflow_backend, scale, rng):
    # x3 shifts its grid of blocks, x2 does not.
    student = small_student(scale)
    lumas = [rng.random((1, 24, 24, 1)).astype("float32") for _ in range(3)]
    rounded = round_weights(kp.forms.deployed_form(student), lumas)
    kernels = [layer.get_weights()[0] for layer in rounded.layers[1:-1] if layer.get_weights()]
    kernels.append(np.asarray(rounded.layers[-1].subpixel_kernel()))
    assert len(kernels) == 5
    for kernel in kernels:
        levels = kernel / (np.abs(kernel).max((0, 1, 2)) / 127)
        np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)
    difference = np.asarray(rounded(lumas[0])) - np.asarray(student(lumas[0]))
    assert np.sqrt(np.mean(difference**2)) < 0.01
