import numpy as np
import pytest

from keras_pisr.data import resize, resize_tf
from tests.data.images.test_resize import different_pixels, published_pairs

tf = pytest.importorskip("tensorflow")


@pytest.mark.parametrize("border", ["replicate", "mirror"])
@pytest.mark.parametrize("size", [(8, 8), (5, 4), (4, 4), (24, 30), (16, 16), (16, 7)])
@pytest.mark.parametrize("graph", [True, False])
def test_equals_the_numpy_form_bit_for_bit(graph, size, border):
    images = np.random.default_rng(0).integers(0, 256, (64, 16, 16, 3), dtype=np.uint8)
    function = tf.function(resize_tf) if graph else resize_tf
    result = function(tf.constant(images), size, border=border)
    assert result.shape == (64, *size, 3)
    np.testing.assert_array_equal(result, resize(images, size, border=border))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_equal_the_numpy_form(dtype):
    images = np.random.default_rng(1).random((2, 16, 12, 1)).astype(dtype)
    result = resize_tf(images, (7, 6), antialias=False)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, resize(images, (7, 6), antialias=False), atol=1e-6)


@pytest.mark.parametrize("shape", [(16, 12), (16, 12, 3), (2, 3, 16, 12, 1)])
def test_every_rank(shape):
    images = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_array_equal(resize_tf(images, (8, 6)), resize(images, (8, 6)))


@pytest.mark.parametrize("shape", [(None, 16, 16, 3), (None, None, None, 3), (2, None, None, None)])
def test_in_a_graph_that_does_not_know_every_side(shape):
    images = np.random.default_rng(3).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8)])
    def shrink(x):
        return resize_tf(x, (8, 8))

    np.testing.assert_array_equal(shrink(images), resize(images, (8, 8)))
    assert shrink.get_concrete_function().output_shapes[1:3] == (8, 8)


def test_in_a_dataset():
    images = np.random.default_rng(4).integers(0, 256, (8, 16, 16, 3), dtype=np.uint8)
    dataset = tf.data.Dataset.from_tensor_slices(images).batch(4)
    dataset = dataset.map(lambda x: resize_tf(x, (4, 4)), num_parallel_calls=2)
    np.testing.assert_array_equal(np.concatenate(list(dataset)), resize(images, (4, 4)))


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="uint8 or float"):
        resize_tf(np.zeros((4, 4), np.int32), (2, 2))

    @tf.function(input_signature=[tf.TensorSpec(None, tf.uint8)])
    def shrink(x):
        return resize_tf(x, (8, 8))

    with pytest.raises(ValueError, match="known rank"):
        shrink(np.zeros((4, 4), np.uint8))


def in_graph(hr, size):
    # A graph, because its optimiser may rearrange what eager execution computes as written.
    return tf.function(resize_tf)(tf.constant(hr), size).numpy()


def test_published_images_of_set5_are_reproduced_bit_for_bit(shared_data):
    assert different_pixels(published_pairs(shared_data, ["Set5"]), in_graph) == 0


@pytest.mark.slow
def test_all_published_images_are_reproduced_bit_for_bit(shared_data):
    pairs = published_pairs(shared_data, ["Set5", "Set14", "B100"])
    assert different_pixels(pairs, in_graph) == 0
