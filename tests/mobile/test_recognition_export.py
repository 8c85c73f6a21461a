"""Recognition students by the same command: embedding and logits kept, decisions compared."""

import json
import subprocess
import sys
import tarfile

import keras
import numpy as np
import pytest
from PIL import Image

import keras_pisr as kp
from keras_pisr.cli import main as keras_pisr_command
from keras_pisr.data import LabelledImages, resize
from keras_pisr.mobile.checks import FileFacts
from keras_pisr.mobile.export import main
from keras_pisr.mobile.latency import main as latency_command
from keras_pisr.mobile.recognizer import deployed_recognizer, is_recognizer
from tests.mobile.test_tflite_model import WITHOUT_TENSORFLOW

CLASSES = 6
SIZE = (8, 8)


def glyphs():
    """Few letters in 16x16 px: `(training, scored)`."""
    return LabelledImages.from_glyphs(size=(16, 16), classes=CLASSES).hold_out(8)


@pytest.fixture(scope="session")
def recognizer(tensorflow_backend):
    """A small ResNet that enlarges 8x8 px, trained on few letters until it tells them apart."""
    keras.utils.set_random_seed(0)
    model = kp.models.ResNet(
        CLASSES, blocks=(1, 1), widths=(8, 16), upsampling=2, channels=1, name="letters_student"
    )
    data = glyphs()[0]
    inputs = resize(data.images, SIZE) / np.float32(255)
    model.compile(
        keras.optimizers.Adam(1e-2),
        loss={"logits": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
    )
    model.fit(inputs, {"logits": data.labels}, epochs=12, batch_size=28, verbose=0)
    return model


@pytest.fixture(scope="session")
def folder(recognizer, tmp_path_factory):
    """`student.keras`, and its images as `letters/train/CLASS/*.png` and `val`."""
    folder = tmp_path_factory.mktemp("recognition")
    recognizer.save(folder / "student.keras")
    for part, data in zip(("train", "val"), glyphs(), strict=True):
        for i, (image, label) in enumerate(zip(data.images, data.labels, strict=True)):
            path = folder / "images" / part / f"class_{label}" / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[..., 0]).save(path)
    with tarfile.open(folder / "images.tar", "w") as archive:
        archive.add(folder / "images", "images")
    return folder


@pytest.fixture
def here(folder, tmp_path, monkeypatch):
    """An empty working folder; the student's is `folder`."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_python(code):
    """What a process of its own makes of `code`."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def command(folder, *more, images="images"):
    """Arguments of the export command."""
    return [
        str(folder / "student.keras"),
        "--size",
        "8",
        "8",
        "--images",
        str(folder / images),
        "--out",
        "a.tflite",
        *more,
    ]


def exported(model, path, size, **options):
    """A file of `model`, as `TFLiteRecognizer`."""
    kp.mobile.recognizer_to_tflite(model, path, size=size, **options)
    return kp.mobile.TFLiteRecognizer(path)


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (lambda: kp.models.ResNet(5, blocks=(1, 1), widths=(4, 8)), (9, 12)),
        (
            lambda: kp.models.ResNet(
                5, blocks=(1, 1), widths=(4, 8), stem="large", upsampling=3, channels=1
            ),
            (5, 7),
        ),
        (lambda: kp.models.SmallRecognizer(7, width=4, embedding=6, normalize=True), (12, 12)),
        (lambda: kp.models.SmallRecognizer(None, width=4), (13, 12)),
    ],
    ids=["resnet", "upsampling", "unit length", "no logits"],
)
def test_the_float_file_is_the_model(tensorflow_backend, model, size, tmp_path, rng):
    keras.utils.set_random_seed(1)
    model = model()
    file = exported(model, tmp_path / "a.tflite", size)
    images = rng.random((3, *size, model.inputs[0].shape[-1])).astype("float32")
    wanted, got = model.predict_on_batch(images), file(images)
    assert got.keys() == wanted.keys() and file.outputs == tuple(wanted)
    for name, values in wanted.items():
        np.testing.assert_allclose(got[name], values, atol=1e-5)
    facts = kp.mobile.check_file(
        tmp_path / "a.tflite", precision="float32", weights=model.count_params()
    )
    assert facts.delegates == 1 and facts.not_delegated == ()
    assert file.metadata["outputs"] == {name: v.shape[1] for name, v in wanted.items()}


def test_a_backbone_and_mixed_precision_become_float32(tensorflow_backend, tmp_path, rng):
    inputs = keras.Input((16, 16, 3))
    convolution = keras.layers.Conv2D(4, 3, dtype="mixed_float16")
    backbone = keras.Model(inputs, convolution(inputs))
    model = kp.models.BackboneRecognizer(backbone, 3, preprocessing="tf")
    deployed = deployed_recognizer(model)
    inner = next(layer for layer in deployed.layers if isinstance(layer, keras.Model))
    assert inner.layers[1].compute_dtype == "float32"
    file = exported(model, tmp_path / "a.tflite", None)  # The backbone fixes the size.
    images = rng.random((2, 16, 16, 3)).astype("float32")
    wanted = deployed.predict_on_batch(images)
    np.testing.assert_allclose(file(images)["logits"], wanted["logits"], atol=1e-5)
    rounded = model.predict_on_batch(images)["logits"]
    np.testing.assert_allclose(file(images)["logits"], rounded, atol=1e-2)


def test_int8_decides_as_the_trained_model_does(recognizer, folder, here, capsys):
    more = ["--quantize", "int8", "--calibration", str(folder / "images.tar")]
    more += ["--report", "a.json", "--min-equal", "97", "--max-score-loss", "2.5"]
    assert main(command(folder, *more, "--min-score", "85", images="images.tar")) == 0
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


def test_scores_are_those_of_the_outputs(recognizer, folder, here, capsys):
    assert main(command(folder, "--quantize", "float16", "--report", "a.json")) == 0
    found = json.loads((here / "a.json").read_text())["agreement"]
    scored = glyphs()[1]
    images = resize(scored.images, SIZE) / np.float32(255)
    logits = recognizer.predict_on_batch(images)["logits"]
    assert found["keras_scores"] == {"top1": np.mean(logits.argmax(1) == scored.labels)}
    file = kp.mobile.TFLiteRecognizer("a.tflite")(images)
    assert found["equal_decisions"] == np.mean(file["logits"].argmax(1) == logits.argmax(1))
    assert "top1" in capsys.readouterr().out


def test_new_classes_are_scored_by_verification(recognizer, folder, here):
    assert main(command(folder, "--train-classes", "2", "--report", "a.json")) == 0
    found = json.loads((here / "a.json").read_text())["agreement"]
    scored = glyphs()[1].split_classes(2, CLASSES - 2)[1]
    outputs = recognizer.predict_on_batch(resize(scored.images, SIZE) / np.float32(255))
    wanted = kp.metrics.verification_scores(outputs["embedding"], scored.labels, fars=(0.01,))
    for name in ("auc", "tar@far=0.01"):
        assert found["keras_scores"][name] == pytest.approx(wanted[name], abs=1e-6)
    assert found["score"] == "auc" and found["images"] == len(scored)


def test_int8_leaves_unit_length_to_the_app(tensorflow_backend, tmp_path, rng):
    keras.utils.set_random_seed(2)
    model = kp.models.SmallRecognizer(3, width=4, normalize=True, channels=1)
    images = rng.random((20, 12, 12, 1)).astype("float32")
    file = exported(model, tmp_path / "a.tflite", (12, 12), precision="int8", representative=images)
    assert kp.mobile.check_file(tmp_path / "a.tflite", precision="int8").delegates == 1
    assert file.metadata["unit_length"] == "left to the app"
    got, wanted = file(images)["embedding"], model.predict_on_batch(images)["embedding"]
    np.testing.assert_allclose(np.linalg.norm(got, axis=1), 1, atol=1e-6)
    assert (got * wanted).sum(1).min() > 0.98


def test_wide_depthwise_convolutions_stay_outside_in_dynamic(tensorflow_backend, tmp_path):
    model = kp.models.SmallRecognizer(5, width=32)
    exported(model, tmp_path / "a.tflite", (12, 12), precision="dynamic")
    with pytest.raises(ValueError, match="XNNPACK does not run 3 DEPTHWISE_CONV_2D"):
        kp.mobile.check_file(tmp_path / "a.tflite", precision="dynamic")


def test_letters_of_the_recipes_need_no_files(tensorflow_backend, here):
    model = kp.models.SmallRecognizer(90, width=4, channels=1, name="fresh")
    model.save("fresh.keras")
    arguments = ["fresh.keras", "--size", "12", "12", "--out", "a.tflite", "--images", "letters"]
    assert main([*arguments, "--min-score", "99"]) == 1
    assert kp.mobile.TFLiteRecognizer("a.tflite").metadata["scored_on"] == "270 images of letters"


def test_a_preset_and_a_budget_go_the_same_way(recognizer, folder, here, capsys):
    kp.presets.save_to_preset(recognizer, "mine")
    arguments = ["mine", *command(folder)[1:]]
    assert main([*arguments, "--budget-ms", "1e-9"]) == 1
    assert "the budget is 1e-09 ms" in capsys.readouterr().err
    assert latency_command(["a.tflite", "--runs", "2", "--json", "t.json"]) == 0
    (row,) = json.loads((here / "t.json").read_text())
    assert row["size"] == [8, 8] and row["output_size"] == []


def test_the_file_runs_without_tensorflow(recognizer, tmp_path):
    kp.mobile.recognizer_to_tflite(recognizer, tmp_path / "a.tflite", size=SIZE)
    result = run_python(
        WITHOUT_TENSORFLOW
        + f"""
import numpy as np
from keras_pisr.mobile import TFLiteRecognizer
outputs = TFLiteRecognizer({str(tmp_path / "a.tflite")!r})(np.zeros((3, 8, 8, 1)))
print({{name: values.shape for name, values in outputs.items()}})
"""
    )
    assert result.stdout.strip() == f"{{'embedding': (3, 16), 'logits': (3, {CLASSES})}}"


def test_damaged_copies_never_end_the_process(recognizer, tmp_path):
    kp.mobile.recognizer_to_tflite(recognizer, tmp_path / "a.tflite", size=SIZE)
    result = run_python(
        f"""
import numpy as np
from keras_pisr.mobile import TFLiteRecognizer
whole = open({str(tmp_path / "a.tflite")!r}, "rb").read()
rng, path = np.random.default_rng(0), {str(tmp_path / "damaged.tflite")!r}
refused = 0
for _ in range(60):
    damaged = bytearray(whole)
    # The tables; weights are only numbers.
    for place in np.r_[rng.integers(8, 4000, 8), rng.integers(len(whole) - 6000, len(whole), 8)]:
        damaged[place] = rng.integers(256)
    open(path, "wb").write(damaged)
    try:
        TFLiteRecognizer(path)(np.zeros((1, 8, 8, 1)))
    except ValueError as error:
        refused += 1
print(refused)
"""
    )
    assert result.returncode == 0, result.stderr[-500:]
    assert 10 < int(result.stdout) <= 60


def test_each_class_names_the_other(recognizer, files, tmp_path, capsys):
    path = tmp_path / "a.tflite"
    kp.mobile.recognizer_to_tflite(recognizer, path, size=SIZE)
    with pytest.raises(ValueError, match="run by keras_pisr.mobile.TFLiteModel"):
        kp.mobile.TFLiteRecognizer(files("float32"))
    assert keras_pisr_command(["evaluate", str(path), str(tmp_path), "--scale", "2"]) == 2
    assert "Run it by keras_pisr.mobile.TFLiteRecognizer" in capsys.readouterr().err


def test_kinds_are_told_apart(recognizer, student):
    assert is_recognizer(recognizer) and not is_recognizer(student)


@pytest.mark.parametrize("shape", [(2, 9, 8, 1), (2, 8, 8, 3), (8, 8, 1), (0, 8, 8, 1)])
def test_images_of_another_shape_are_refused(recognizer, tmp_path, shape):
    file = exported(recognizer, tmp_path / "a.tflite", SIZE)
    with pytest.raises(ValueError, match=r"takes (images|luma \(1, 8, 8, 1\))"):
        file(np.zeros(shape, "float32"))


INT8 = ["--quantize", "int8", "--calibration", "letters"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--color", "luma"], "--color: of super-resolution students only"),
        (["--min-psnr", "30", "--max-loss", "1"], "--min-psnr, --max-loss: of super-resolution"),
        (["--min-agreement", "30"], "which has --score, --lr-factor"),
        (["--size", "9", "0"], "size of at least (1, 1)"),
        (["--lr-factor", "0"], "scale to be a whole number, 1 or more; got 0"),
        (["--images", "nowhere"], "no folder or archive nowhere"),
        (["--images", "."], "folder of images for each class"),
        (["--quantize", "int8"], "int8 takes its ranges from images"),
        (["--pixels", "uint8"], "need precision 'int8'"),
        (["--score", "top1", "--train-classes", "2"], "top1 needs images of the 6 classes"),
        (["--train-classes", "6"], "has 6 classes: the first 6 cannot"),
        (["--max-score-loss", "-0.5"], "at most -0.5 were allowed"),
        ([*INT8, "--min-cosine", "1"], "a int8 file should reach 1.0"),
        ([*INT8, "--min-equal", "101"], "a int8 file should for 101%"),
    ],
)
def test_errors_are_one_line_and_leave_the_old_file(folder, here, capsys, more, message):
    (here / "a.tflite").write_text("the old file")
    assert main(command(folder, *more)) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("export.py: error: ") and captured.err.count("\n") == 1
    assert message in captured.err and captured.out == ""
    assert (here / "a.tflite").read_text() == "the old file"
    assert [path.name for path in here.iterdir()] == ["a.tflite"]


def test_size_and_images_are_asked_for(folder, here, capsys):
    student = str(folder / "student.keras")
    assert main([student, "--out", "a.tflite", "--size", "8", "8"]) == 2
    assert "give --images, a folder or tar archive" in capsys.readouterr().err
    assert main([student, "--out", "a.tflite", "--images", "letters"]) == 2
    assert "takes images of any size" in capsys.readouterr().err


def test_flags_of_recognition_are_refused_for_super_resolution(student, here, capsys):
    student.save("student.keras")
    arguments = ["student.keras", "--out", "a.tflite", "--min-score", "9", "--lr-factor", "2"]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "--lr-factor, --min-score: of recognition students only" in error
    assert "which has --color, --min-psnr, --max-loss, --min-agreement" in error


def test_a_model_of_one_size_takes_no_other(tensorflow_backend, tmp_path):
    inputs = keras.Input((8, 8, 3))
    backbone = keras.Model(inputs, keras.layers.Conv2D(4, 3)(inputs))
    model = kp.models.BackboneRecognizer(backbone, 3)
    with pytest.raises(ValueError, match=r"takes images of \(8, 8\) px only; got size \(9, 9\)"):
        kp.mobile.recognizer_to_tflite(model, tmp_path / "a.tflite", size=(9, 9))
    with pytest.raises(ValueError, match=r"hold images \(samples, 8, 8, 3\); got \(2, 9, 8, 3\)"):
        kp.mobile.recognizer_to_tflite(
            model, tmp_path / "a.tflite", precision="int8", representative=np.zeros((2, 9, 8, 3))
        )
