"""One command from a .keras file to a checked and timed .tflite file."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import keras_pisr as kp
from keras_pisr.cli.export import main
from keras_pisr.mobile.latency import timing


@pytest.fixture
def saved(student, tmp_path, monkeypatch, rng):
    """A folder with a student and one test image; timing at a small size."""
    student.save(tmp_path / "student.keras")
    (tmp_path / "images").mkdir()
    smooth = np.asarray(Image.fromarray(rng.integers(0, 255, (5, 6, 3), "uint8")).resize((48, 40)))
    Image.fromarray(smooth).save(tmp_path / "images" / "a.png")
    monkeypatch.setattr(timing, "SIZE", (8, 8))
    monkeypatch.chdir(tmp_path)
    return tmp_path


ARGUMENTS = ["student.keras", "--out", "a.tflite", "--images", "images"]


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_student_becomes_a_checked_file(saved, capsys, precision):
    more = ["--quantize", precision, "--report", "a.json", "--calibration", "images"]
    more += ["--size", "20", "24", "--min-agreement", "25"]
    assert main([*ARGUMENTS, *more]) == 0
    captured = capsys.readouterr()
    assert f"a.tflite ({precision})" in captured.out and captured.err == ""
    found = json.loads((saved / "a.json").read_text())
    assert found["file"]["delegates"] == 1 and found["missed"] == []
    assert found["file"]["bytes"] == (saved / "a.tflite").stat().st_size
    assert found["agreement"]["agreement"] > 25 and found["latency"]["size"] == [20, 24]
    assert kp.mobile.TFLiteModel("a.tflite").shape == (1, 20, 24, 1)
    assert {path.name for path in saved.iterdir()} == {
        "student.keras",
        "images",
        "a.tflite",
        "a.json",
    }


def test_a_preset_is_exported_too(saved, student, capsys):
    student.save_to_preset("mine")
    assert main(["mine", *ARGUMENTS[1:], "--size", "20", "24"]) == 0
    assert "a.tflite (float16)" in capsys.readouterr().out


def test_a_file_for_npus_holds_what_they_have(saved, capsys):
    more = ["--target", "npu", "--size", "20", "24", "--report", "a.json"]
    assert main([*ARGUMENTS, *more]) == 0
    assert "1 TRANSPOSE_CONV" in capsys.readouterr().out
    operations = json.loads((saved / "a.json").read_text())["file"]["operations"]
    assert operations["TRANSPOSE_CONV"] == 1 and "DEPTH_TO_SPACE" not in operations
    assert main([*ARGUMENTS, "--target", "npu"]) == 2


def test_what_is_sound_but_misses_a_target_is_written_with_code_one(saved, capsys):
    targets = ["--budget-ms", "1e-9", "--min-psnr", "99", "--size", "20", "24"]
    assert main([*ARGUMENTS, *targets]) == 1
    error = capsys.readouterr().err
    assert "the budget is 1e-09 ms" in error and "at least 99 dB was asked for" in error
    assert (saved / "a.tflite").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.keras", "--out", "a.tflite"], "There is no file gone.keras"),
        (["no_such_preset", "--out", "a.tflite"], "no_such_preset"),
        (["student.keras", "--out", "a.bin"], "ending in .tflite; got a.bin"),
        ([*ARGUMENTS, "--threads", "0"], "Expected --threads to be 1 or more; got 0"),
        ([*ARGUMENTS, "--max-loss", "-50"], "at most -50.0 was allowed"),
        ([*ARGUMENTS, "--min-agreement", "200"], "should reach 200.0"),
        ([*ARGUMENTS, "--images", "nowhere"], "--images: there is no nowhere"),
        ([*ARGUMENTS, "--pixels", "uint8"], "need precision 'int8'"),
    ],
)
def test_errors_are_one_line_and_leave_the_old_file(saved, capsys, arguments, message):
    (saved / "a.tflite").write_text("the old file")
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("export.py: error: ") and captured.err.count("\n") == 1
    assert message in captured.err and captured.out == ""
    assert (saved / "a.tflite").read_text() == "the old file"
    assert len(list(saved.glob("*.tflite"))) == 1


def test_help_imports_no_backend():
    code = (
        "import sys\nfrom keras_pisr.cli.export import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(str({'tensorflow', 'keras'} & sys.modules.keys() or '') or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "--quantize" in result.stdout


@pytest.mark.parametrize("script", ["export.py", "latency.py"])
def test_scripts_run_from_their_folder(script):
    path = Path(__file__).resolve().parents[2] / "mobile" / script
    result = subprocess.run([sys.executable, path, "--help"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_several_sizes_make_as_many_files(saved, capsys):
    sizes = ["--size", "8", "12", "--size", "10", "8", "--report", "r.json"]
    assert main([*ARGUMENTS, *sizes]) == 0
    for size in ((8, 12), (10, 8)):
        name = "{}x{}".format(*size)
        file = kp.mobile.TFLiteModel(f"a_{name}.tflite")
        assert file.shape == (1, *size, 1)
        assert json.loads((saved / f"r_{name}.json").read_text())["latency"]["size"] == [*size]
        words = "height {}, width {} px only; do not resize it".format(*size)
        assert file.metadata["input"] == words
    printed = " ".join(capsys.readouterr().out.replace("│", "").split())
    assert not (saved / "a.tflite").exists() and "a_10x8.tflite (float16)" in printed
    assert "input height 10, width 8 px" in printed
