import keras
import numpy as np
import pytest

from keras_pisr.models import FSRCNN
from tests.harness import check_upscaler, in_precision

pytestmark = pytest.mark.core


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(("slopes", "parameters"), [(False, 12_644), (True, 12_809)])
def test_keeps_what_every_upscaler_promises(scale, slopes, parameters, tmp_path):
    check_upscaler(
        lambda: FSRCNN(scale=scale, slope_per_channel=slopes),
        scale=scale,
        parameters=parameters,
        folder=tmp_path,
    )


def test_starts_within_the_bounds_of_the_reference():
    model = FSRCNN(scale=2)
    for name, bound in [
        ("feature_extraction_conv", 25**-0.5),
        ("shrinking_conv", 56**-0.5),
        ("mapping_1_conv", 108**-0.5),
        ("expanding_conv", 12**-0.5),
        ("last_layer", 1 / 9),
    ]:
        kernel, bias = model.get_layer(name).get_weights()
        assert np.abs(kernel).max() <= bound + 1e-6
        assert np.abs(kernel).max() > 0.9 * bound
        assert np.abs(bias).max() <= bound + 1e-6
    assert model.get_layer("expanding").get_weights()[0].ravel().tolist() == [0.25]


def test_other_widths(tmp_path):
    check_upscaler(
        lambda: FSRCNN(scale=3, features=8, shrunk_features=4, mapping_layers=2),
        scale=3,
        parameters=1_234,
        folder=tmp_path,
    )


def test_inner_layers_are_in_half_precision_when_mixed():
    model = in_precision("mixed_float16", lambda: FSRCNN(scale=2, features=8))
    assert keras.backend.standardize_dtype(model.get_layer("expanding").output.dtype) == "float16"
