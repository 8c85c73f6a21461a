import numpy as np
import pytest
from keras import ops

from keras_pisr.losses import logit_loss
from tests.losses.autodiff import gradient

pytestmark = pytest.mark.core


def test_by_hand():
    # Probabilities (1/2, 1/2) against (3/4, 1/4).
    target, prediction = np.zeros((1, 2)), np.array([[np.log(3), 0.0]])
    expected = 0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(0.5 / 0.25)
    np.testing.assert_allclose(logit_loss(target, prediction, temperature=1.0), [expected], 1e-5)
    softened = logit_loss(4 * target, 4 * prediction, temperature=4.0)
    np.testing.assert_allclose(softened, [16 * expected], 1e-5)


def test_gradient_by_hand():
    rng = np.random.default_rng(0)
    target, prediction = rng.normal(size=(2, 3, 5))
    p, q = (np.exp(x / 4) / np.exp(x / 4).sum(1, keepdims=True) for x in (target, prediction))
    slope = gradient(lambda x: ops.sum(logit_loss(target, x)), prediction)
    np.testing.assert_allclose(slope, 4 * (q - p), atol=1e-5)


def test_a_shift_of_all_logits_changes_nothing():
    x = np.random.default_rng(0).normal(size=(3, 4))
    np.testing.assert_allclose(logit_loss(x, x + 7), 0, atol=1e-5)


def test_large_logits_stay_finite():
    target, prediction = np.array([[1e4, 0.0]]), np.array([[0.0, 1e4]])
    np.testing.assert_allclose(logit_loss(target, prediction), [4e4], rtol=1e-5)
