import keras
import numpy as np
import pytest

import keras_pisr as kp

pytestmark = pytest.mark.core


def rates(optimizer, *steps):
    return [float(keras.ops.convert_to_numpy(optimizer._learning_rate(step))) for step in steps]


def test_the_rate_rises_linearly_and_falls_by_a_cosine():
    optimizer = kp.optimizers.scheduled(1100, learning_rate=0.1, final_learning_rate=0.001)
    assert isinstance(optimizer, kp.optimizers.SOAP)
    expected = [0.0, 0.05, 0.1, 0.0505, 0.001]
    np.testing.assert_allclose(rates(optimizer, 0, 50, 100, 600, 1100), expected, rtol=1e-5)


def test_a_short_run_warms_up_for_half_of_it():
    assert rates(kp.optimizers.scheduled(10), 5) == pytest.approx([3e-3])


def test_without_warm_up_the_first_rate_is_the_highest():
    optimizer = kp.optimizers.scheduled(10, optimizer=keras.optimizers.Adam, warmup_steps=0)
    assert isinstance(optimizer, keras.optimizers.Adam)
    assert rates(optimizer, 0) == pytest.approx([3e-3])


def test_the_average_reaches_over_its_share_of_the_steps():
    assert kp.optimizers.scheduled(1000).ema_momentum == pytest.approx(1 - 1 / 50)
    assert not kp.optimizers.scheduled(1000, averaging=0).use_ema


def test_no_steps_are_refused():
    with pytest.raises(ValueError, match="one step or more; got 0"):
        kp.optimizers.scheduled(0)
