import keras
import numpy as np
import pytest

from keras_pisr.models import LocationScale

pytestmark = pytest.mark.core


def test_has_the_published_number_of_parameters():
    heads = LocationScale(56)
    heads.build((None, None, None, 56))
    assert heads.count_params() == 12_770


def test_maps_one_width_to_another_with_positive_scale(rng):
    heads = LocationScale(5)
    location, scale = heads(rng.normal(size=(2, 3, 4, 7)).astype("float32"))
    assert tuple(location.shape) == tuple(scale.shape) == (2, 3, 4, 5)
    assert keras.ops.convert_to_numpy(scale).min() > 0


def test_scale_is_spread_times_softplus_plus_floor():
    heads = LocationScale(2, spread=0.25, floor=0.5)
    heads.build((None, None, None, 3))
    heads.set_weights([np.zeros_like(weight) for weight in heads.get_weights()])
    location, scale = heads(np.ones((1, 1, 1, 3), "float32"))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(location), 0)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(scale), 0.25 * np.log(2) + 0.5, rtol=1e-6)


def test_survives_its_config():
    config = LocationScale(3, spread=0.01).get_config()
    assert LocationScale.from_config(config).get_config() == config
