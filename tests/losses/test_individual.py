import numpy as np
import pytest

from keras_pisr.losses import individual_loss

pytestmark = pytest.mark.core


def test_huber_by_hand():
    target = np.zeros((2, 2))
    prediction = np.array([[1.0, 3.0], [0.0, -0.5]])
    # (1/2 + (3 - 1/2)) / 2, and (0 + 0.125) / 2.
    np.testing.assert_allclose(individual_loss(target, prediction), [1.5, 0.0625])


def test_squared_by_hand():
    target = np.zeros((2, 2))
    prediction = np.array([[1.0, 3.0], [0.0, -0.5]])
    np.testing.assert_allclose(individual_loss(target, prediction, delta=None), [5.0, 0.125])
