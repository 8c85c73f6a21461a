import numpy as np
import pytest

from keras_pisr.losses import distance_loss, squared_distances

pytestmark = pytest.mark.core


def test_three_points_by_hand():
    # Distances 1, 1, 2 with mean 4/3; and 2, 2, 2 (a triangle) with mean 2.
    line = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    triangle = np.array([[0.0, 0.0], [2.0, 0.0], [1.0, 3**0.5]])
    near, far = (1 - 0.75) ** 2 / 2, (1 - 1.5) ** 2 / 2
    expected = [(near + far) / 3, 2 * near / 3, (near + far) / 3]
    np.testing.assert_allclose(distance_loss(line, triangle), expected, rtol=1e-5)


def test_squared_distances_by_hand():
    corner = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    expected = [[0, 9, 16], [9, 0, 25], [16, 25, 0]]
    np.testing.assert_allclose(squared_distances(corner), expected, rtol=1e-5)


def test_what_float32_cannot_tell_apart_coincides():
    points = np.array([[1.0, 0.0], [1.0 + 1e-5, 0.0], [-2.0, 0.0]])
    np.testing.assert_allclose(
        squared_distances(points), [[0, 0, 9], [0, 0, 9], [9, 9, 0]], rtol=1e-4
    )
