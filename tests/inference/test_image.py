"""Upscaling one image: tiles leave no trace, colours and transparency are kept."""

import tracemalloc

import keras
import numpy as np
import pytest
from PIL import Image

import keras_pisr as kp
from keras_pisr.data import rgb_to_y, rgb_to_ycbcr
from keras_pisr.data import upscale as bicubic
from keras_pisr.inference.image import upscale
from keras_pisr.inference.network import Network

pytestmark = pytest.mark.core


def repeat(luma):
    """A network that doubles pixels."""
    return luma.repeat(2, axis=1).repeat(2, axis=2)


def bicubic_network(luma):
    return bicubic(np.asarray(luma), 2)


@pytest.fixture(scope="module", params=[2, 3])
def network(request):
    """A small network with random weights, and so with bright and dark borders."""
    keras.utils.set_random_seed(1)
    return Network(kp.models.FSRCNN(request.param, features=4, shrunk_features=3, mapping_layers=1))


@pytest.fixture(scope="module")
def paper_network():
    keras.utils.set_random_seed(1)
    return Network(kp.models.FSRCNN(2))


def image_of(shape, dtype="uint8", seed=0):
    rng = np.random.default_rng(seed)
    if np.issubdtype(np.dtype(dtype), np.floating):
        return rng.random(shape).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max + 1, shape, dtype=dtype)


def test_the_receptive_field_is_the_sum_of_the_kernels(paper_network):
    # 2 for 5x5, 4 for the four 3x3, 2 for the last layer's 5x5.
    assert (paper_network.scale, paper_network.radius) == (2, 8)


@pytest.mark.parametrize("shape", [(41, 37), (40, 64), (19, 70), (70, 19), (10, 50), (1, 1)])
@pytest.mark.parametrize("tile", [14, 21])
def test_tiled_and_whole_are_equal(network, shape, tile):
    image = image_of((*shape, 3))
    tiled, whole = (upscale(network, image, tile=t).astype(int) for t in (tile, 512))
    # XLA compiles each shape for itself, and a sum in another order may round a tie the other
    # way: 1 of 35,910 values was seen to. A missing pixel of context moves far more, by far more.
    differences = np.abs(tiled - whole)
    assert differences.max() <= 1
    assert np.mean(differences > 0) < 2e-4


@pytest.mark.parametrize("shape, tiles", [((7, 50), 1), ((21, 21), 1), ((10, 50), 3)])
def test_an_image_of_no_more_pixels_than_a_tile_is_not_cut(shape, tiles):
    seen = []

    def counting(luma):
        seen.append(luma.shape)
        return repeat(luma)

    network = Network(counting)
    seen.clear()
    upscale(network, image_of(shape), tile=21)
    assert len(seen) == tiles


@pytest.mark.parametrize("channels", [1, 4])
def test_tiled_and_whole_are_equal_for_the_papers_network(paper_network, channels):
    image = image_of((61, 45, channels), "float32")
    whole = upscale(paper_network, image)
    # The same sums in another order, if a backend cuts large images its own way.
    np.testing.assert_allclose(upscale(paper_network, image, tile=24), whole, atol=1e-6)
    assert whole.std() > 0.01


def test_gray_is_what_the_model_makes(network):
    image = image_of((23, 17), "float32")
    whole = network(image).clip(0, 1)
    np.testing.assert_allclose(upscale(network, image, tile=14), whole, atol=1e-6)


def test_chroma_is_bicubic_and_luma_the_networks():
    # Dull colours, so that nothing is clipped.
    image = (0.4 + 0.2 * image_of((12, 10, 3), "float32")).astype("float32")
    result = upscale(repeat, image)
    np.testing.assert_allclose(rgb_to_y(result), repeat(rgb_to_y(image)[None])[0], atol=1e-6)
    wanted = rgb_to_ycbcr(bicubic(image, 2))[..., 1:]
    np.testing.assert_allclose(rgb_to_ycbcr(result)[..., 1:], wanted, atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("shape", [(54, 9), (54, 9, 1), (54, 9, 3)])
def test_a_bicubic_network_gives_the_bicubic_image(shape, dtype):
    image = image_of(shape, dtype)
    peak = np.iinfo(dtype).max
    # The matrix products of `resize` work in blocks of 16, so its reach looks wider than it is.
    result = upscale(bicubic_network, image, tile=20)
    assert result.shape == (108, 18, *shape[2:]) and result.dtype == dtype
    wanted = bicubic((image / peak).astype("float64"), 2).clip(0, 1) * peak
    np.testing.assert_allclose(result, wanted, atol=0.51)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (12, 200, 99)])
def test_a_flat_colour_comes_back(colour):
    image = np.broadcast_to(np.uint8(colour), (9, 11, 3))
    result = upscale(repeat, image)
    np.testing.assert_array_equal(result, np.broadcast_to(np.uint8(colour), (18, 22, 3)))


def test_gray_in_rgb_stays_gray(network):
    image = np.repeat(image_of((20, 14, 1)), 3, axis=2)
    result = upscale(network, image).astype(int)
    assert np.abs(result - result[..., :1]).max() == 0


def test_16_bits_are_kept():
    image = np.linspace(20000, 20400, 12 * 12).astype("uint16").reshape(12, 12)
    np.testing.assert_array_equal(upscale(repeat, image), repeat(image[None, ..., None])[0, ..., 0])


def test_an_opaque_alpha_does_not_touch_the_colours(network):
    image = image_of((15, 13, 4))
    image[..., 3] = 255
    result = upscale(network, image)
    np.testing.assert_array_equal(result[..., :3], upscale(network, image[..., :3]))
    assert (result[..., 3] == 255).all()


def test_the_last_tile_row_costs_no_memory_of_the_whole():
    network = Network(repeat)
    peaks = []
    for height in (300, 1200):
        image = image_of((height, 40, 3))
        tracemalloc.start()
        result = upscale(network, image, tile=24)
        peaks.append(tracemalloc.get_traced_memory()[1] - result.nbytes)
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 20_000


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="JAX compiles each size, PyTorch nothing"
)
def test_one_compilation_serves_all_sizes():
    traced = []

    @keras.saving.register_keras_serializable(package="tests")
    class Counting(keras.layers.Layer):
        def call(self, inputs):
            traced.append(inputs.shape)
            return inputs

    inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(1, 3, padding="same")(inputs)
    network = Network(keras.Model(inputs, Counting()(x)))
    upscale(network, image_of((20, 21)), tile=8)
    before = len(traced)
    for shape in [(9, 30), (31, 8), (64, 17), (3, 5)]:
        upscale(network, image_of(shape), tile=8)
    assert len(traced) == before


def test_a_trained_step_is_seen_without_a_new_compilation():
    model = kp.models.FSRCNN(2, features=4, shrunk_features=3, mapping_layers=1)
    image = image_of((9, 8), "float32")
    before = kp.upscale(model, image)
    model.layers[-1].bias.assign([0.25])
    after = kp.upscale(model, image)
    assert np.abs(after - before).max() > 0.01


@pytest.mark.parametrize(
    ("mode", "channels"),
    [("1", None), ("L", None), ("LA", 2), ("P", 3), ("RGB", 3), ("RGBA", 4), ("CMYK", 3)],
)
def test_an_image_of_pillow_is_its_colours(mode, channels):
    image = Image.fromarray(image_of((9, 11, 3))).convert(mode)
    result = upscale(repeat, image)
    assert result.shape == ((18, 22) if channels is None else (18, 22, channels))
    plain = {None: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
    np.testing.assert_array_equal(result, upscale(repeat, np.asarray(image.convert(plain))))


def test_deep_gray_of_pillow_stays_deep_and_floats_of_it_are_refused():
    deep = image_of((5, 6), "uint16")
    np.testing.assert_array_equal(upscale(repeat, Image.fromarray(deep)), upscale(repeat, deep))
    with pytest.raises(ValueError, match="float or 32-bit"):
        upscale(repeat, Image.new("F", (4, 4)))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("factor, offset", [(255, 0), (2, -1), (np.nan, 0), (1, 0.01)])
def test_floats_of_another_range_are_refused(dtype, factor, offset):
    image = np.linspace(0, 1, 48, dtype=dtype).reshape(4, 4, 3) * factor + offset
    with pytest.raises(ValueError, match=r"floats in \[0, 1\]"):
        upscale(repeat, image.astype(dtype))


def test_rounding_errors_beyond_the_range_are_none():
    image = np.full((4, 4), 1 + 1e-6, "float32")
    image[0] = -1e-6
    assert upscale(repeat, image).max() == 1


def test_a_name_stands_for_the_preset():
    image = image_of((9, 11, 3))
    wanted = upscale(kp.from_preset("fsrcnn_x2_mixed"), image)
    np.testing.assert_array_equal(kp.upscale("fsrcnn_x2_mixed", image), wanted)
    with pytest.raises(ValueError, match="fsrcnn_x2"):
        kp.upscale("fsrcnn_x2_mixd", image)
    with pytest.raises(ValueError, match="TFLiteModel"):
        kp.upscale("student.tflite", image)


def test_a_file_stands_for_its_student(tmp_path):
    model = kp.models.FSRCNN(2, features=4, shrunk_features=3, mapping_layers=1)
    model.save(tmp_path / "a.keras")
    image = image_of((9, 11))
    np.testing.assert_array_equal(kp.upscale(tmp_path / "a.keras", image), kp.upscale(model, image))


def test_weights_are_compared_once_per_image():
    model = kp.models.FSRCNN(2, features=4, shrunk_features=3, mapping_layers=1)
    network, calls = Network(model), []
    read = model.get_weights
    model.get_weights = lambda: calls.append(1) or read()
    upscale(network, image_of((60, 50)), tile=24)
    assert len(calls) <= 1


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((2, 4, 4, 3), "uint8"), "batch one by one"),
        (np.zeros((4, 4, 5), "uint8"), "1 to 4 channels"),
        (np.zeros((0, 4, 3), "uint8"), "at least one pixel"),
        (np.zeros((4, 4), "int32"), "uint8, uint16 or float"),
    ],
)
def test_other_arrays_are_refused(image, message):
    with pytest.raises(ValueError, match=message):
        upscale(repeat, image)


def test_a_model_on_rgb_is_refused_by_name():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(3, 3, padding="same")(inputs), name="coloured")
    with pytest.raises(ValueError, match="Cannot upscale with 'coloured'"):
        upscale(model, image_of((8, 8)))
