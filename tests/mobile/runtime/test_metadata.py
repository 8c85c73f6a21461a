"""What a file says of itself survives, and changes nothing that it computes."""

import shutil

import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.mobile.runtime.metadata import NAME, read_metadata, write_metadata
from keras_pisr.mobile.runtime.standard_metadata import standard_metadata


@pytest.fixture
def path(files, tmp_path):
    return shutil.copy(files("float32"), tmp_path / "a.tflite")


def test_a_converted_file_says_what_it_is(student, path):
    metadata = kp.mobile.TFLiteModel(path).metadata
    assert "BT.601" in metadata.pop("values")
    assert metadata == {
        "name": student.name,
        "scale": 2,
        "color": "luma",
        "input": "any size",
        "precision": "float32",
        "version": kp.__version__,
    }


def test_fields_are_added_and_replaced_and_the_network_stays(path, rng):
    luma = rng.random((1, 8, 8, 1)).astype("float32")
    before, size = kp.mobile.TFLiteModel(path)(luma), path.stat().st_size
    for score in (1.5, 36.75):
        write_metadata(path, psnr=score, name="Größer")
    file = kp.mobile.TFLiteModel(path)
    assert (file.metadata["psnr"], file.metadata["name"]) == (36.75, "Größer")
    assert file.metadata["scale"] == 2
    np.testing.assert_array_equal(file(luma), before)
    assert path.stat().st_size < size + 1500


def test_a_file_without_metadata_says_nothing(path):
    path.write_bytes(path.read_bytes().replace(NAME.encode(), b"x" * len(NAME)))
    assert kp.mobile.TFLiteModel(path).metadata == {}


@pytest.mark.parametrize("damage", [b"[" * 9, b"\xff" * 9])
def test_damaged_metadata_are_one_clear_error(path, damage):
    content = path.read_bytes().replace(b'{"name": ', damage)
    with pytest.raises(ValueError, match="metadata of the file are damaged"):
        read_metadata(content)


def test_too_much_is_refused(path):
    with pytest.raises(ValueError, match="at most 65536"):
        write_metadata(path, text="x" * 70_000)


def strings(content):
    """Field number to text, of the table at the root of a FlatBuffer."""
    from flatbuffers import encode, packer, table

    start = encode.Get(packer.uoffset, content, 0)
    root = table.Table(content, start)
    found = {}
    for field in range(6):
        offset = root.Offset(4 + 2 * field)
        if offset and field != 3:
            found[field] = root.String(root.Pos + offset).decode()
    return found


def test_the_standard_form_says_name_use_and_licence():
    content = standard_metadata(
        {"name": "small", "scale": 3, "color": "rgb", "version": "0.1.0", "preset": "fsrcnn_x3"}
    )
    assert content[4:8] == b"M001"
    assert strings(content) == {
        0: "small",
        1: "Enlarges images 3 times. Give an RGB image and show what comes out. Preset fsrcnn_x3 "
        "of keras_pisr.",
        2: "0.1.0",
        4: "keras_pisr",
        5: "Apache-2.0",
    }


def test_a_file_carries_the_standard_form(path):
    assert b"TFLITE_METADATA" in path.read_bytes() and b"M001" in path.read_bytes()
    write_metadata(path, preset="mine")
    content = path.read_bytes()
    assert content.count(b"M001") == 1 and b"Preset mine of keras_pisr" in content


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_8_bit_pixels_state_their_scale_whatever_the_precision(student, tmp_path, precision):
    path = tmp_path / "a.tflite"
    kp.mobile.to_tflite(student, path, precision=precision, color="rgb", pixels="uint8")
    interpreter = kp.mobile.TFLiteModel(path).interpreter
    for details in (interpreter.get_input_details(), interpreter.get_output_details()):
        scale, zero = details[0]["quantization"]
        assert (round(1 / scale, 3), zero) == (255, 0)
