"""The form for NPUs: the same numbers, without DEPTH_TO_SPACE and PRELU."""

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.forms.npu import (
    NPU_OPERATIONS,
    check_npu_operations,
    npu_form,
    pixels_by_convolution,
)
from tests.harness import array, random
from tests.models.large.students import LARGE
from tests.models.students import plain_student, residual_student, scrambled, small_student

STUDENTS = {
    "fsrcnn": small_student,
    "slope per channel": lambda scale: small_student(scale, slope_per_channel=True),
    "residual": residual_student,
    "plain": plain_student,
}


@pytest.mark.usefixtures("tensorflow_backend")
@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize("kind", STUDENTS)
def test_it_is_the_same_function(kind, scale, rng):
    model = STUDENTS[kind](scale)
    lr = random((1, 6, 5, 1))
    np.testing.assert_allclose(array(npu_form(model)(lr)), array(model(lr)), atol=1e-6)


@pytest.mark.usefixtures("tensorflow_backend")
@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_it_is_the_same_function_for_large_students(make):
    model, lr = make(), random((1, 6, 5, 1))
    np.testing.assert_allclose(array(npu_form(model)(lr)), array(model(lr)), atol=1e-6)


@pytest.mark.core
def test_numbers_are_moved_as_depth_to_space_moves_them():
    blocks = keras.ops.convert_to_tensor(random((2, 3, 4, 18)))
    wanted = keras.ops.depth_to_space(blocks, 3, data_format="channels_last")
    np.testing.assert_array_equal(array(pixels_by_convolution(blocks, 3)), array(wanted))


@pytest.mark.usefixtures("tensorflow_backend")
@pytest.mark.parametrize(
    ("kind", "precision"),
    [("fsrcnn", "float32"), ("plain", "float32")]
    + [("slope per channel", "float32"), ("slope per channel", "int8")],
)
def test_files_hold_what_npus_have(kind, precision, tmp_path, rng):
    model, path = scrambled(STUDENTS[kind](2), rng), tmp_path / "a.tflite"
    lumas = [random((12, 12, 1))] if precision == "int8" else None
    kp.mobile.to_tflite(
        model, path, precision=precision, size=(6, 8), representative=lumas, target="npu"
    )
    facts = kp.mobile.check_file(path, precision=precision, wholly_delegated=precision != "int8")
    assert facts.operations.keys() <= NPU_OPERATIONS
    assert facts.operations["TRANSPOSE_CONV"] == 1
    check_npu_operations(facts)
    file, luma = kp.mobile.TFLiteModel(path), random((1, 6, 8, 1))
    assert file.metadata["target"] == "npu"
    if precision == "float32":
        np.testing.assert_allclose(file(luma), array(model(luma)), rtol=1e-6, atol=1e-6)


@pytest.mark.usefixtures("tensorflow_backend")
def test_what_npus_lack_is_named(tmp_path):
    kp.mobile.to_tflite(small_student(), tmp_path / "a.tflite", size=(6, 8))
    with pytest.raises(ValueError, match="holds DEPTH_TO_SPACE, which not every NPU has"):
        check_npu_operations(kp.mobile.FileFacts.of(tmp_path / "a.tflite"))


@pytest.mark.usefixtures("tensorflow_backend")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "takes images of one size"),
        ({"size": (6, 8), "color": "rgb"}, "takes luma; got color 'rgb'"),
        ({"target": "tpu"}, "got 'tpu'"),
    ],
)
def test_what_has_no_such_form_is_refused(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        kp.mobile.to_tflite(
            small_student(), tmp_path / "a.tflite", **{"target": "npu", **arguments}
        )


@pytest.mark.usefixtures("tensorflow_backend")
@pytest.mark.parametrize("kind", ["fsrcnn", "plain"])
def test_it_changes_no_level_in_8_bit(kind, tmp_path, rng):
    student, files = scrambled(STUDENTS[kind](2), rng), {}
    for target in ("cpu", "npu"):
        path = tmp_path / f"{target}.tflite"
        options = {"size": (6, 8), "representative": [random((12, 12, 1))], "pixels": "uint8"}
        kp.mobile.to_tflite(student, path, precision="int8", target=target, **options)
        files[target] = kp.mobile.TFLiteModel(path)
    check_npu_operations(kp.mobile.check_file(path, precision="int8"))
    luma = random((1, 6, 8, 1))
    np.testing.assert_array_equal(files["npu"](luma), files["cpu"](luma))
