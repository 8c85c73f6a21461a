"""Convolutions in blocks: the same numbers at every size."""

import keras
import numpy as np
import pytest

from keras_pisr.forms.blocked import BlockedConv2D, block_kernel, pays_in_blocks

pytestmark = pytest.mark.core

SIZES = [(8, 10), (7, 9), (6, 5), (1, 1)]


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_a_kernel_of_blocks_places_each_filter_four_times():
    kernel = block_kernel(np.arange(1.0, 10.0).reshape(3, 3, 1, 1))
    kernel = array(kernel)
    assert kernel.shape == (4, 4, 1, 4)
    for channel, (row, column) in enumerate(np.ndindex(2, 2)):
        expected = np.zeros((4, 4))
        expected[row : row + 3, column : column + 3] = np.arange(1, 10).reshape(3, 3)
        np.testing.assert_array_equal(kernel[:, :, 0, channel], expected)


@pytest.mark.parametrize(
    ("kernel_size", "filters", "pays"), [(5, 4, True), (3, 4, True), (3, 9, False), (1, 4, False)]
)
def test_it_pays_while_there_are_lanes_left(kernel_size, filters, pays):
    assert pays_in_blocks(kernel_size, filters) is pays


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("options", [{}, {"activation": "relu"}, {"use_bias": False}])
def test_a_convolution_in_blocks_is_the_convolution(size, options, rng):
    layers = [
        kind(3, 5, padding="same", **options) for kind in (keras.layers.Conv2D, BlockedConv2D)
    ]
    x = rng.normal(size=(2, *size, 4)).astype("float32")
    for layer in layers:
        layer.build(x.shape)
    layers[0].set_weights([rng.normal(size=w.shape) for w in layers[0].get_weights()])
    layers[1].set_weights(layers[0].get_weights())
    np.testing.assert_allclose(array(layers[1](x)), array(layers[0](x)), rtol=1e-5, atol=1e-5)
