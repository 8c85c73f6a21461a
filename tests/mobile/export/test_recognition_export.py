"""Recognition students by the export command: options, checks, what is written and said."""

import json
import shutil

import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.cli.export import main
from keras_pisr.cli.latency import main as latency_command
from keras_pisr.data import resize
from keras_pisr.mobile.export import convert_recognizer as conversion
from keras_pisr.mobile.export.file_facts import FileFacts
from tests.mobile.conftest import CLASSES, SIZE, glyphs


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def student_path(recognizer, tmp_path_factory):
    """The student as a .keras file."""
    path = tmp_path_factory.mktemp("student") / "student.keras"
    recognizer.save(path)
    return path


@pytest.fixture
def converted(recognizer_file, monkeypatch):
    """Takes the float32 file that there is in place of a conversion: seconds saved."""

    def copy(model, path, *, precision, **options):
        assert precision == "float32"
        shutil.copy(recognizer_file, path)

    monkeypatch.setattr(conversion, "recognizer_to_tflite", copy)


@pytest.fixture
def command(student_path, letter_images):
    """Arguments of the export command for the student and its letters."""

    def arguments(*more, student=student_path, images="images"):
        size = ("--size", *map(str, SIZE))
        images = str(letter_images / images)
        return [str(student), *size, "--images", images, "--out", "a.tflite", *more]

    return arguments


def test_int8_decides_as_the_trained_model_does(command, letter_images, here, capsys):
    more = ["--quantize", "int8", "--calibration", str(letter_images / "images.tar")]
    more += ["--report", "a.json", "--min-equal", "97", "--max-score-loss", "2.5"]
    assert main(command(*more, "--min-score", "85", images="images.tar")) == 0
    assert "decisions equal" in capsys.readouterr().out
    found = json.loads((here / "a.json").read_text())["agreement"]
    assert found["images"] == 8 * CLASSES and found["score"] == "top1"
    assert found["keras_scores"]["top1"] > 0.85  # It has learnt: decisions mean something.
    assert found["equal_decisions"] >= 0.97 and found["worst_cosine"] > 0.98
    facts = FileFacts.of("a.tflite")
    assert facts.delegates == 1 and set(facts.not_delegated) == {"QUANTIZE"}
    assert set(facts.float_operations) == {"DEQUANTIZE"}
    file = kp.mobile.TFLiteRecognizer("a.tflite")
    details = file.interpreter.get_input_details()[0]
    assert details["dtype"] == np.uint8
    assert details["quantization"] == (pytest.approx(1 / 255), 0)
    assert file.metadata["scores"]["top1"] == found["file_scores"]["top1"]
    assert file.metadata["task"] == "recognition" and file.metadata["precision"] == "int8"


def test_scores_are_those_of_the_outputs(recognizer, command, here, capsys):
    assert main(command("--quantize", "float16", "--report", "a.json")) == 0
    found = json.loads((here / "a.json").read_text())["agreement"]
    scored = glyphs()[1]
    images = resize(scored.images, SIZE) / np.float32(255)
    logits = recognizer.predict_on_batch(images)["logits"]
    assert found["keras_scores"] == {"top1": np.mean(logits.argmax(1) == scored.labels)}
    file = kp.mobile.TFLiteRecognizer("a.tflite")(images)
    assert found["equal_decisions"] == np.mean(file["logits"].argmax(1) == logits.argmax(1))
    assert "top1" in capsys.readouterr().out


def test_new_classes_are_scored_by_verification(recognizer, command, converted, here):
    assert main(command("--train-classes", "2", "--report", "a.json")) == 0
    found = json.loads((here / "a.json").read_text())["agreement"]
    scored = glyphs()[1].split_classes(2, CLASSES - 2)[1]
    outputs = recognizer.predict_on_batch(resize(scored.images, SIZE) / np.float32(255))
    wanted = kp.metrics.verification_scores(outputs["embedding"], scored.labels, fars=(0.01,))
    for name in ("auc", "tar@far=0.01"):
        assert found["keras_scores"][name] == pytest.approx(wanted[name], abs=1e-6)
    assert found["score"] == "auc" and found["images"] == len(scored)


def test_letters_of_the_recipes_need_no_files(student_path, converted, here, capsys):
    arguments = [str(student_path), "--size", "8", "8", "--out", "a.tflite", "--images", "letters"]
    assert main([*arguments, "--min-score", "99"]) == 1
    assert "% auc on 270 images; at least 99% was asked for" in capsys.readouterr().err
    assert kp.mobile.TFLiteRecognizer("a.tflite").metadata["scored_on"] == "270 images of letters"


def test_a_preset_and_a_budget_go_the_same_way(recognizer, command, converted, here, capsys):
    kp.presets.save_to_preset(recognizer, "mine")
    assert main(command("--budget-ms", "1e-9", student="mine")) == 1
    assert "the budget is 1e-09 ms" in capsys.readouterr().err
    assert latency_command(["a.tflite", "--runs", "2", "--json", "t.json"]) == 0
    (row,) = json.loads((here / "t.json").read_text())
    assert row["size"] == [8, 8] and row["output_size"] == []


def refused(arguments, message, capsys, here):
    """Check that a request is refused in one line, and the old file left."""
    (here / "a.tflite").write_text("the old file")
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("export.py: error: ") and captured.err.count("\n") == 1
    assert message in captured.err and captured.out == ""
    assert (here / "a.tflite").read_text() == "the old file"
    assert [path.name for path in here.iterdir()] == ["a.tflite"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--color", "luma"], "--color: only for super-resolution students"),
        (
            ["--min-psnr", "30", "--max-loss", "1"],
            "--min-psnr, --max-loss: only for super-resolution",
        ),
        (["--min-agreement", "30"], "which has --score, --lr-factor"),
        (["--size", "9", "0"], "--size to be 1 px or more"),
        (["--lr-factor", "0"], "scale to be a whole number, 1 or more; got 0"),
        (["--images", "nowhere"], "--images: there is no nowhere"),
        (["--images", "."], "folder of images for each class"),
        (["--quantize", "int8"], "int8 takes its ranges from images"),
        (["--pixels", "uint8"], "need precision 'int8'"),
        (["--train-classes", "6"], "has 6 classes, so the first 6 cannot"),
    ],
)
def test_mistakes_are_one_line_and_leave_the_old_file(command, here, capsys, more, message):
    refused(command(*more), message, capsys, here)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--score", "top1", "--train-classes", "2"], "top1 needs images of the 6 classes"),
        (["--max-score-loss", "-0.5"], "at most -0.5 were allowed"),
        (["--min-cosine", "1.1"], "a float16 file should reach 1.1"),
        (["--min-equal", "101"], "a float16 file should reach 101%"),
    ],
)
def test_a_file_that_falls_short_is_refused(command, converted, here, capsys, more, message):
    refused(command(*more), message, capsys, here)


def test_size_and_images_are_asked_for(student_path, here, capsys):
    student = str(student_path)
    assert main([student, "--out", "a.tflite", "--size", "8", "8"]) == 2
    assert "give --images, a folder or tar archive" in capsys.readouterr().err
    assert main([student, "--out", "a.tflite", "--images", "letters"]) == 2
    assert "takes images of any size" in capsys.readouterr().err


def test_flags_of_recognition_are_refused_for_super_resolution(student, here, capsys):
    student.save("student.keras")
    arguments = ["student.keras", "--out", "a.tflite", "--min-score", "9", "--lr-factor", "2"]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "--lr-factor, --min-score: only for recognition students" in error
    assert "which has --color, --target, --min-psnr, --max-loss, --min-agreement" in error
