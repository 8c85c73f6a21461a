import keras
import numpy as np
import pytest

from keras_pisr.losses import GaussianNLL, LaplaceNLL, gaussian_nll, laplace_nll
from tests.harness import check_loss
from tests.losses.autodiff import gradient

pytestmark = pytest.mark.core


def numerical_gradient(function, x, step=1e-3):
    """Central differences, one entry at a time."""
    result = np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        values = []
        for sign in (1, -1):
            moved = x.copy()
            moved[index] += sign * step
            values.append(float(function(keras.ops.convert_to_tensor(moved))))
        result[index] = (values[0] - values[1]) / (2 * step)
    return result


def features(rng, shape=(3, 2, 2, 4)):
    target, location = (rng.normal(size=shape).astype("float32") for _ in range(2))
    return target, location, (0.1 + rng.random(shape)).astype("float32")


def test_laplace_of_two_features_by_hand():
    target = np.array([[[[1.0, 3.0]]]], "float32")
    location = np.array([[[[0.0, 3.0]]]], "float32")
    scale = np.array([[[[0.5, 2.0]]]], "float32")
    # log(1) + 1 / 0.5 = 2 and log(4) + 0 = 1.386.
    expected = (2 + np.log(4)) / 2
    out = keras.ops.convert_to_numpy(laplace_nll(target, location, scale))
    np.testing.assert_allclose(out, [expected], rtol=1e-6)


def test_gaussian_of_two_features_by_hand():
    target = np.array([[[[1.0, 3.0]]]], "float32")
    location = np.array([[[[0.0, 3.0]]]], "float32")
    variance = np.array([[[[0.25, 4.0]]]], "float32")
    # log(0.25)/2 + 1/0.5 = 1.307 and log(4)/2 = 0.693.
    expected = (np.log(0.25) / 2 + 2 + np.log(4) / 2) / 2
    out = keras.ops.convert_to_numpy(gaussian_nll(target, location, variance))
    np.testing.assert_allclose(out, [expected], rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "best"),
    [(laplace_nll, lambda e: e.mean()), (gaussian_nll, lambda e: (e**2).mean())],
)
def test_best_scale_is_the_spread_of_the_error(function, best, rng):
    target, location, _ = features(rng, (1, 8, 8, 4))
    optimum = best(np.abs(target - location))
    at = [
        float(function(target, location, np.full((1, 1, 1, 1), factor * optimum, "float32"))[0])
        for factor in (0.9, 1.0, 1.1)
    ]
    assert at[1] < at[0]
    assert at[1] < at[2]


@pytest.mark.parametrize("function", [laplace_nll, gaussian_nll])
def test_gradient_is_the_numerical_one(function, rng):
    target, location, scale = features(rng, (2, 1, 1, 3))

    def total(scale):
        return keras.ops.sum(function(target, location, scale))

    np.testing.assert_allclose(
        gradient(total, scale), numerical_gradient(total, scale), rtol=2e-2, atol=2e-2
    )


@pytest.mark.parametrize("function", [laplace_nll, gaussian_nll])
def test_a_scale_of_zero_stays_finite(function):
    zeros = np.zeros((1, 2, 2, 3), "float32")
    assert np.isfinite(keras.ops.convert_to_numpy(function(zeros, zeros, zeros))).all()


@pytest.mark.parametrize("loss", [LaplaceNLL(), GaussianNLL()])
def test_loss_reduces_the_function(loss, rng):
    target, location, scale = features(rng)
    function = {"laplace_nll": laplace_nll, "gaussian_nll": gaussian_nll}[loss.name]
    values = keras.ops.convert_to_numpy(function(target, location, scale))
    np.testing.assert_allclose(loss(target, (location, scale)), values.mean(), rtol=1e-5)
    zeros = np.zeros((1, 2, 2, 3), "float32")
    refused = {"same shape": (zeros, (zeros[..., :1], zeros))}
    check_loss(loss, target, (location, scale), refused=refused)
