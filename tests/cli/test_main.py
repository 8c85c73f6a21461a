"""The command line: what it prints, writes and returns, and what it does not import."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from keras_pisr.cli.main import main
from keras_pisr.cli.model_argument import resolve_model
from keras_pisr.data import downscale


@pytest.fixture
def images(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "HR").mkdir()
    for name, shape in {"a": (24, 28, 3), "b": (30, 27)}.items():
        Image.fromarray(rng.integers(0, 256, shape, "uint8")).save(tmp_path / "HR" / f"{name}.png")
    return tmp_path


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "keras_pisr", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )


IMPORTED = """
import sys
from keras_pisr.cli.main import main
try:
    code = main({arguments!r})
except SystemExit as stop:
    code = stop.code
heavy = {{"tensorflow", "keras", "jax", "torch", "matplotlib"}} & sys.modules.keys()
sys.exit(f"code {{code}}, imported {{heavy}}" if code or heavy else 0)
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["evaluate", "--help"], ["downscale", "--help"], ["--version"]]
)
def test_help_imports_no_backend(arguments):
    result = subprocess.run(
        [sys.executable, "-c", IMPORTED.format(arguments=arguments)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


def test_bicubic_is_scored_without_a_backend(images):
    arguments = ["evaluate", "bicubic", str(images), "--scale", "2"]
    arguments += ["--json", str(images / "a.json"), "--pictures", str(images / "crops")]
    result = subprocess.run(
        [sys.executable, "-c", IMPORTED.format(arguments=arguments)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert json.loads((images / "a.json").read_text())["images"].keys() == {"a.png", "b.png"}


@pytest.mark.parametrize("command", ["evaluate", "downscale"])
def test_help_teaches_by_example(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert f"  keras-pisr {command} " in text and "--scale N" in text and "For example" in text


def test_evaluate_prints_a_table_and_writes_files(images, capsys):
    files = images / "out" / "scores.json", images / "out" / "scores.csv"
    arguments = ["evaluate", "bicubic", str(images), "--scale", "2", "--limit", "1"]
    assert main([*arguments, "--json", str(files[0]), "--csv", str(files[1])]) == 0
    printed = capsys.readouterr().out
    scores = json.loads(files[0].read_text())
    assert scores["images"].keys() == {"a.png"}
    assert scores["psnr"] == scores["images"]["a.png"]["psnr"]
    assert "a.png" in printed and f"{scores['psnr']:.2f}" in printed
    assert files[1].read_text().startswith("name,psnr,ssim,height,width\na.png,")


def test_a_saved_student_is_scored(images, capsys):
    keras = pytest.importorskip("keras")
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, keras.layers.UpSampling2D(2)(inputs))
    model.save(images / "repeat.keras")
    assert main(["evaluate", str(images / "repeat.keras"), str(images), "--scale", "2"]) == 0
    captured = capsys.readouterr()
    assert "repeat.keras on " in captured.out and captured.err == ""


def test_downscale_writes_what_the_function_makes(images, capsys):
    out = images / "LR_bicubic" / "X3"
    arguments = ["downscale", str(images / "HR"), str(out), "--scale", "3"]
    assert main(arguments) == 0
    assert "2 images written" in capsys.readouterr().out
    for name in "ab":
        with (
            Image.open(out / f"{name}x3.png") as lr,
            Image.open(images / "HR" / f"{name}.png") as hr,
        ):
            np.testing.assert_array_equal(np.asarray(lr), downscale(np.asarray(hr), 3))
    assert main(arguments) == 0
    assert "0 images written" in (printed := capsys.readouterr().out)
    assert "2 were there already" in printed
    assert main([*arguments, "--overwrite", "--border", "mirror"]) == 0
    with Image.open(out / "ax3.png") as lr, Image.open(images / "HR" / "a.png") as hr:
        wanted = downscale(np.asarray(hr), 3, border="mirror")
        np.testing.assert_array_equal(np.asarray(lr), wanted)


def test_downscale_of_a_broken_file_names_it_and_returns_one(images, capsys):
    (images / "HR" / "broken.png").write_bytes(b"not an image")
    assert main(["downscale", str(images / "HR"), str(images / "LR"), "--scale", "2"]) == 1
    captured = capsys.readouterr()
    assert "broken.png" in captured.err
    assert "2 images written" in captured.out and "1 failed" in captured.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["evaluate", "nothing", "HR", "--scale", "2"],
            "a .keras file or a .tflite file; got nothing",
        ),
        (
            ["evaluate", "gone.keras", "HR", "--scale", "2"],
            "gone.keras. Its folder holds text.keras.",
        ),
        (["evaluate", "text.keras", "HR", "--scale", "2"], "not a zip archive"),
        (["evaluate", "bicubic", "absent", "--scale", "2"], "absent is not a folder"),
        (["evaluate", "bicubic", "empty", "--scale", "2"], "empty holds no image"),
        (["evaluate", "bicubic", "HR", "--scale", "0"], "got 0"),
        (
            ["evaluate", "bicubic", "HR", "--scale", "2", "--json", "text.keras/a.json"],
            "text.keras",
        ),
        (
            ["evaluate", "bicubic", "HR", "--scale", "2", "--degrade", "jpeg:0"],
            "jpeg to range within 1 to 100",
        ),
        (["downscale", "absent", "LR", "--scale", "2"], "absent"),
    ],
)
def test_user_errors_are_one_line_and_code_two(images, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(images)
    (images / "text.keras").write_text("not a model")
    (images / "empty").mkdir()
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("keras-pisr: error: ") and captured.err.count("\n") == 1
    assert message in captured.err


def test_errors_have_no_traceback_in_a_process(images):
    result = run("evaluate", images / "gone.keras", images, "--scale", "2")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1 and "gone.keras" in result.stderr


def test_a_wrong_argument_is_code_two():
    result = run("evaluate", "bicubic", ".", "--scale", "two")
    assert result.returncode == 2 and "--scale" in result.stderr
    assert run("evaluate", "bicubic", ".", "--skale", "2").returncode == 2


def test_bicubic_resolves_to_itself():
    assert resolve_model("bicubic") == ("bicubic", "bicubic")
