import keras
import numpy as np
import pytest

from keras_pisr.models import SubpixelDeconvolution

pytestmark = pytest.mark.core


def naive_transposed_convolution(x, kernel, bias, scale):
    """Scatter every input pixel's stamp, then cut the published padding off."""
    batch, height, width, _ = x.shape
    size = kernel.shape[0]
    padding = (size - 1) // 2
    out = np.zeros((batch, scale * height + size, scale * width + size))
    for i in range(height):
        for j in range(width):
            stamp = np.einsum("bc,hwc->bhw", x[:, i, j], kernel[:, :, 0])
            out[:, scale * i : scale * i + size, scale * j : scale * j + size] += stamp
    end_row, end_column = padding + scale * height, padding + scale * width
    return out[:, padding:end_row, padding:end_column, None] + bias


@pytest.mark.parametrize("size", [5, 9])
@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_equals_a_naive_transposed_convolution(scale, size, rng):
    layer = SubpixelDeconvolution(scale, kernel_size=size)
    x = rng.normal(size=(2, 5, 3, 4)).astype("float32")
    layer.build(x.shape)
    kernel = rng.normal(size=(size, size, 1, 4)).astype("float32")
    layer.set_weights([kernel, np.array([0.5])])
    expected = naive_transposed_convolution(x, kernel, 0.5, scale)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), expected, atol=1e-5)


def test_one_pixel_writes_the_kernel_around_its_block():
    layer = SubpixelDeconvolution(2, kernel_size=3)
    layer.build((1, 3, 3, 1))
    layer.set_weights([np.arange(9.0).reshape(3, 3, 1, 1), np.zeros(1)])
    x = np.zeros((1, 3, 3, 1), "float32")
    x[0, 1, 1, 0] = 1
    out = keras.ops.convert_to_numpy(layer(x))[0, :, :, 0]
    expected = np.zeros((6, 6))
    expected[1:4, 1:4] = np.arange(9.0).reshape(3, 3)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(("scale", "blocks"), [(2, 5), (3, 3), (4, 3)])
def test_a_block_reads_few_inputs(scale, blocks):
    layer = SubpixelDeconvolution(scale)
    assert layer.last - layer.first + 1 == blocks


@pytest.mark.parametrize(("scale", "size"), [(0, 9), (1.5, 9), (2, 8)])
def test_impossible_arguments_are_refused(scale, size):
    with pytest.raises(ValueError, match="must be"):
        SubpixelDeconvolution(scale, kernel_size=size)


def test_survives_its_config():
    layer = SubpixelDeconvolution(3, kernel_size=5, kernel_initializer="he_normal")
    again = SubpixelDeconvolution.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
