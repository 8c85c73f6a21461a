"""The files to ship, their manifest, and the command that makes them."""

import hashlib
import json

import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.cli.export import main
from keras_pisr.data import downscale, upscale
from keras_pisr.mobile.export import agreement, ready_files

pytestmark = pytest.mark.usefixtures("tensorflow_backend")
KINDS = (
    ("float16", None, "cpu", "any"),
    ("float16", (16, 20), "cpu", "one size"),
    ("float16", (16, 20), "npu", "NPU"),
)


@pytest.fixture
def small(student, tmp_path, monkeypatch, rng):
    """A folder with a preset; one small image to score; timing at a small size."""
    student.save_to_preset(tmp_path / "mine")
    image = np.asarray(rng.integers(60, 200, (31, 37, 1)), "uint8")
    monkeypatch.setattr(agreement, "sample_images", lambda part: {"a": image})
    monkeypatch.setattr(ready_files, "SIZE", (8, 8))
    monkeypatch.setattr(ready_files, "KINDS", KINDS)
    monkeypatch.setattr(ready_files, "recommended_presets", lambda: [str(tmp_path / "mine")])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_makes_every_file_and_a_manifest(small, capsys):
    assert main(["--all", "made", "--report", "copy.json"]) == 0
    manifest = json.loads((small / "made" / "manifest.json").read_text())
    assert manifest == json.loads((small / "copy.json").read_text())
    names = [row["file"] for row in manifest["files"]]
    forms = ("float16_any_size", "float16_16x20", "float16_npu_16x20")
    assert names == [f"mine_{form}.tflite" for form in forms]
    assert {path.name for path in (small / "made").iterdir()} == {*names, "manifest.json"}
    assert all(name in capsys.readouterr().out for name in names[:1])
    for row, size in zip(manifest["files"], [(None, None), (16, 20), (16, 20)], strict=True):
        content = (small / "made" / row["file"]).read_bytes()
        assert row["sha256"] == hashlib.sha256(content).hexdigest() and row["bytes"] == len(content)
        assert kp.mobile.TFLiteModel(small / "made" / row["file"]).shape[1:3] == size
        assert abs(row["psnr"] - row["psnr_of_keras"]) < 0.01 and row["delegates"] == 1
        assert row["latency"]["median_ms"] > 0 and row["outside_xnnpack"] == []


def test_a_row_says_what_the_manifest_says():
    row = {
        "file": "a.tflite",
        "for": "CPU",
        "bytes": 43120,
        "psnr": 33.2041,
        "psnr_of_keras": 33.2042,
        "psnr_of_bicubic": 31.2,
        "outside_xnnpack": ["QUANTIZE"],
        "latency": {"median_ms": 5.04},
    }
    (line,) = ready_files.markdown({"files": [row]}).splitlines()[2:]
    assert line == "| `a.tflite` | CPU | 43.1 | 33.20 | +0.000 | +2.00 | QUANTIZE | 5.0 |"


def test_mirrored_images_stay_aligned_at_a_factor_of_three(monkeypatch):
    rows, columns = np.mgrid[:35, :38]  # Neither is a multiple of 3.
    image = (4 * rows + 2 * columns).astype("uint8")[..., None]
    monkeypatch.setattr(agreement, "sample_images", lambda part: {"a": image})
    ((lr, hr),) = agreement.photographs(None, 3, (16, 20))
    assert lr.shape == (16, 20, 1) and hr.shape == (48, 60, 1)
    np.testing.assert_array_equal(lr[:11, :12], downscale(image, 3))
    enlarged = upscale(lr / np.float32(255), 3) * 255
    # A shift by two pixels would differ by 8 levels behind the mirror.
    assert np.abs(enlarged - hr)[36:, :30].max() < 6


def test_options_that_it_decides_itself_are_refused(small, capsys):
    assert main(["--all", "made", "--quantize", "int8", "--size", "8", "8"]) == 2
    assert "--quantize, --size: not with --all" in capsys.readouterr().err
    assert main(["--quantize", "int8"]) == 2
    assert "Expected STUDENT and --out FILE.tflite, or --all DIR" in capsys.readouterr().err
