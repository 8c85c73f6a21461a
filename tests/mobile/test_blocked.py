"""Convolutions in blocks: the same numbers at every size, in files that XNNPACK runs whole."""

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.mobile.blocked import BlockedConv2D, block_kernel, pays_in_blocks
from keras_pisr.mobile.deployed import deployed_form
from tests.mobile.conftest import small_student

pytestmark = pytest.mark.usefixtures("tensorflow_backend")

SIZES = [(8, 10), (7, 9), (6, 5), (1, 1)]


def scrambled(model, rng):
    """A model whose every weight is random: no symmetry hides a kernel put elsewhere."""
    model.set_weights([rng.normal(scale=0.2, size=w.shape) for w in model.get_weights()])
    return model


def residual_student(scale=2):
    return kp.models.ResidualFSRCNN(scale, features=8, shrunk_features=8, mapping_layers=1)


STUDENTS = {"fsrcnn": small_student, "residual": residual_student}


def test_a_kernel_of_blocks_places_each_filter_four_times():
    kernel = block_kernel(np.arange(1.0, 10.0).reshape(3, 3, 1, 1))
    kernel = keras.ops.convert_to_numpy(kernel)
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
    np.testing.assert_allclose(layers[1](x), layers[0](x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", STUDENTS)
@pytest.mark.parametrize(
    ("scale", "size"), [*((2, size) for size in SIZES), (3, (7, 8)), (4, (7, 8))]
)
def test_files_of_one_size_are_exact_and_run_whole(scale, kind, size, tmp_path, rng):
    model = scrambled(STUDENTS[kind](scale), rng)
    path = tmp_path / "a.tflite"
    kp.mobile.to_tflite(model, path, size=size)
    facts = kp.mobile.check_file(path, precision="float32", weights=model.count_params())
    assert facts.delegates == 1 and not facts.not_delegated
    assert facts.operations["DEPTH_TO_SPACE"] == (2 if scale == 2 else 1)
    luma = rng.random((1, *size, 1)).astype("float32")
    wanted = keras.ops.convert_to_numpy(model(luma))
    np.testing.assert_allclose(kp.mobile.TFLiteModel(path)(luma), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", STUDENTS)
def test_blocks_change_no_level_in_8_bit(kind, tmp_path, rng):
    lumas = [rng.random((12, 12, 1)).astype("float32")]
    student, files = scrambled(STUDENTS[kind](), rng), {}
    for name, size in {"blocks": (9, 12), "plain": None}.items():
        path = tmp_path / f"{name}.tflite"
        kp.mobile.to_tflite(student, path, precision="int8", size=size, representative=lumas)
        assert kp.mobile.check_file(path, precision="int8").delegates == 1
        files[name] = kp.mobile.TFLiteModel(path)
    luma = rng.random((1, 9, 12, 1)).astype("float32")
    np.testing.assert_array_equal(files["blocks"](luma), files["plain"](luma))


def test_a_file_of_whole_images_has_blocks_too(tmp_path, rng):
    model = small_student()
    kp.mobile.to_tflite(model, tmp_path / "a.tflite", color="rgb", size=(7, 9))
    facts = kp.mobile.check_file(tmp_path / "a.tflite", precision="float32")
    assert facts.delegates == 1 and facts.operations["DEPTH_TO_SPACE"] == 3
    image = rng.random((1, 7, 9, 3)).astype("float32")
    got = kp.mobile.TFLiteModel(tmp_path / "a.tflite")(image)[0]
    np.testing.assert_allclose(got, kp.upscale(model, image[0]), atol=1e-5)


def test_sizes_that_are_open_keep_the_plain_form(tmp_path):
    kp.mobile.to_tflite(small_student(), tmp_path / "a.tflite")
    operations = kp.mobile.FileFacts.of(tmp_path / "a.tflite").operations
    assert operations["DEPTH_TO_SPACE"] == 1 and "PAD" not in operations


def test_the_deployed_form_has_blocks(rng):
    model = scrambled(small_student(), rng)
    luma = rng.random((1, 5, 8, 1)).astype("float32")
    np.testing.assert_allclose(deployed_form(model)(luma), model(luma), rtol=1e-5, atol=1e-5)
