"""What a file says of itself survives, and changes nothing that it computes."""

import shutil

import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.mobile.runtime.metadata import NAME, read_metadata, write_metadata


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
    assert path.stat().st_size < size + 500


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
