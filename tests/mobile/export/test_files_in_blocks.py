"""Convolutions in blocks: exact in files of every size, which XNNPACK runs whole."""

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.forms.blocked import InBlocks
from tests.models.students import plain_student, residual_student, scrambled, small_student

pytestmark = pytest.mark.usefixtures("tensorflow_backend")

SIZES = [(8, 10), (7, 9), (6, 5), (1, 1)]
STUDENTS = {"fsrcnn": small_student, "residual": residual_student, "plain": plain_student}


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
    # One for the blocks of each convolution to sub-pixels, one for the sub-pixels.
    in_blocks = (2 if kind == "plain" else 1) if scale == 2 else 0
    assert facts.operations["DEPTH_TO_SPACE"] == in_blocks + 1
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
    deployed = kp.forms.deployed_form(model)
    assert isinstance(deployed.layers[-1], InBlocks)
    np.testing.assert_allclose(deployed(luma), model(luma), rtol=1e-5, atol=1e-5)
