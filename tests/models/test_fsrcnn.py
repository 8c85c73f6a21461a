import keras
import numpy as np
import pytest

from keras_pisr.models import FSRCNN

pytestmark = pytest.mark.core


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_has_the_published_number_of_parameters(scale):
    assert FSRCNN(scale=scale).count_params() == 12_644
    assert FSRCNN(scale=scale, slope_per_channel=True).count_params() == 12_809


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", [(8, 8), (7, 13)])
def test_multiplies_any_size_by_the_scale(scale, size):
    out = FSRCNN(scale=scale)(np.zeros((2, *size, 1), "float32"))
    assert tuple(out.shape) == (2, size[0] * scale, size[1] * scale, 1)


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


def test_survives_saving(tmp_path, rng):
    model = FSRCNN(scale=3, features=8, shrunk_features=4, mapping_layers=2, slope_per_channel=True)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    x = rng.random((1, 6, 5, 1)).astype("float32")
    assert isinstance(again, FSRCNN)
    assert again.get_config() == model.get_config()
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(again(x)), keras.ops.convert_to_numpy(model(x))
    )


def test_output_is_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = FSRCNN(scale=2, features=8)
        out = model(np.zeros((1, 4, 4, 1), "float32"))
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(model.get_layer("expanding").output.dtype) == "float16"
    assert keras.backend.standardize_dtype(out.dtype) == "float32"
