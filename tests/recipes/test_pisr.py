import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_pisr as kp
from pisr import networks
from pisr import run as pisr
from pisr.settings import Settings

RECIPES = Path(__file__).resolve().parents[2] / "recipes"

pytestmark = pytest.mark.slow
ON_TENSORFLOW = keras.backend.backend() == "tensorflow"


@pytest.fixture(autouse=True)
def few_small_photographs(monkeypatch):
    """The embedded photographs, cut down to what a test can afford."""
    originals = kp.data.sample_images

    def small(split="train"):
        return {name: image[:48, :48] for name, image in list(originals(split).items())[:3]}

    monkeypatch.setattr(kp.data, "sample_images", small)
    monkeypatch.setattr("keras_pisr.data.pairs.image_pairs.sample_images", small)


def settings(out, **changes):
    tiny = {
        "epochs": 2,
        "steps_per_epoch": 2,
        "batch_size": 2,
        "patch_size": 16,
        "tensorboard": False,
        # Compiled faster than the default.
        "optimizer": "adam",
    }
    return Settings(out=out, **{**tiny, **changes})


def weights(path):
    return kp.load_student(path).get_weights()


@pytest.mark.core
def test_ends_with_scores_pictures_curves_and_a_loadable_student(tmp_path, capsys):
    out = tmp_path / "run"
    pisr.run(settings(out, controls=("one_stage", "two_stages"), tensorboard=ON_TENSORFLOW))
    results = json.loads((out / "results.json").read_text())
    assert set(results["scores"]) == {"bicubic", "student", "one_stage", "two_stages"}
    assert results["scores"]["bicubic"]["held_out"]["psnr"] > 15
    assert {name: stage["steps"] for name, stage in results["stages"].items()} == {
        "teacher": 4,
        "student": 4,
        "one_stage": 4,
        "two_stages": 8,
    }
    assert results["settings"]["seed"] == 0
    assert "keras" in results["environment"]["versions"]
    assert results["environment"]["backend"] == keras.backend.backend()
    assert (out / "curves.png").exists()
    assert list((out / "pictures" / "held_out").glob("*.png"))
    if ON_TENSORFLOW:
        assert list((out / "tensorboard" / "student").rglob("events*"))
    assert kp.load_student(out / "student.keras").count_params() == 12_644
    assert "FSRCNN + PISR" in capsys.readouterr().out


@pytest.mark.core
def test_another_network_trains_without_a_teacher(tmp_path, capsys):
    out = tmp_path / "run"
    with pytest.raises(ValueError, match="nothing to train"):
        settings(out, pisr=False, controls=()).resolved()
    pisr.run(settings(out, student="residual_fsrcnn", pisr=False, controls=("one_stage",)))
    results = json.loads((out / "results.json").read_text())
    assert set(results["scores"]) == {"bicubic", "one_stage"}
    assert set(results["stages"]) == {"one_stage"}
    assert isinstance(kp.load_student(out / "one_stage.keras"), kp.models.ResidualFSRCNN)
    assert list((out / "pictures" / "held_out").glob("*.png"))
    assert "ResidualFSRCNN alone" in capsys.readouterr().out


@pytest.mark.core
def test_the_recommended_network_is_distilled_at_its_features(tmp_path):
    out = tmp_path / "run"
    pisr.run(settings(out, student="plain_sr", epochs=1, controls=()))
    student = kp.load_student(out / "student.keras")
    assert isinstance(student, kp.models.PlainSR) and student.size == "small"
    assert json.loads((out / "settings.json").read_text())["feature"] == "features"
    medium = settings(out, student="plain_sr", size="medium").resolved()
    assert pisr.new_student(medium).features == 32
    with pytest.raises(ValueError, match="are for --student plain_sr"):
        settings(out, size="medium").resolved()


def test_degraded_images_are_trained_on_and_scored_beside_clean_ones(tmp_path, capsys):
    out, degrade = tmp_path / "run", "noise:0-10+jpeg:30-95@0.8"
    with pytest.raises(ValueError, match="steps of blur"):
        settings(out, degrade="fog").resolved()
    changes = {"student": "residual_fsrcnn", "pisr": False, "controls": ("one_stage",)}
    chosen = settings(out, degrade=degrade, epochs=1, **changes)
    training, held_out = pisr.load_images(chosen.resolved())
    assert str(training.degrade) == str(held_out.degrade) == degrade
    pisr.run(chosen)
    results = json.loads((out / "results.json").read_text())
    clean, spoiled = (results[key]["bicubic"] for key in ("scores", "scores_degraded"))
    assert clean["held_out"]["psnr"] > spoiled["held_out"]["psnr"] + 0.2
    assert list((out / "pictures_degraded" / "held_out").glob("*.png"))
    assert f"LR degraded by {degrade}" in " ".join(capsys.readouterr().out.split())


def test_streamed_images_are_trained_on(tmp_path, photographs):
    with pytest.raises(ValueError, match="--stream is for folders, without --drawings"):
        settings(tmp_path, hr_dir=(photographs,), stream=True, drawings=0.1).resolved()
    with pytest.raises(ValueError, match="--stream needs --hr-dir"):
        settings(tmp_path, stream=True).resolved()
    out, changes = tmp_path / "run", {"student": "residual_fsrcnn", "epochs": 1}
    changes |= {"pisr": False, "controls": ("one_stage",), "sizes": (1, 0.8), "detail": 1}
    pisr.run(settings(out, hr_dir=(photographs,), stream=True, **changes))
    results = json.loads((out / "results.json").read_text())
    assert results["training_images"] == 2
    assert np.isfinite(results["stages"]["one_stage"]["history"]["loss"]).all()


@pytest.mark.core
@pytest.mark.parametrize(
    ("student", "kind", "title"),
    [("vdsr", "VDSR", "VDSR"), ("idn", "IDN", "IDN")]
    + [("carn", "CARN", "CARN"), ("carn_m", "CARN", "CARN-M")],
)
def test_the_papers_other_students_are_distilled_at_their_features(tmp_path, student, kind, title):
    chosen = settings(tmp_path, student=student).resolved()
    model = pisr.new_student(chosen)
    assert type(model) is getattr(kp.models, kind) and networks.title(chosen) == title
    assert getattr(model, "mobile", False) == (student == "carn_m")
    assert chosen.feature == "features" and model.get_layer("features")
    assert type(pisr.new_teacher(chosen).decoder) is type(model)


@pytest.mark.core
def test_a_body_can_be_taken_from_another_scale(tmp_path):
    before = kp.models.PlainSR(2)
    before.save(tmp_path / "x2.keras")
    chosen = settings(
        tmp_path,
        scale=3,
        patch_size=24,
        student="plain_sr",
        start_body_from=str(tmp_path / "x2.keras"),
    )
    student = pisr.new_student(chosen.resolved())
    kernels = [model.get_layer("body_5_conv").get_weights()[0] for model in (before, student)]
    np.testing.assert_array_equal(*kernels)
    bicubic = kp.models.start_as_bicubic(kp.models.PlainSR(3)).get_layer("linear").get_weights()[0]
    np.testing.assert_array_equal(student.get_layer("linear").get_weights()[0], bicubic)
    kp.models.FSRCNN(2).save(tmp_path / "fsrcnn.keras")
    other = settings(
        tmp_path, student="plain_sr", start_body_from=str(tmp_path / "fsrcnn.keras")
    ).resolved()
    with pytest.raises(ValueError, match="is no plain_sr of this --size"):
        pisr.new_student(other)


@pytest.mark.core
def test_a_short_stage_1_and_the_default_optimizer(tmp_path):
    out = tmp_path / "run"
    changes = {"optimizer": None, "slope_per_channel": True}
    pisr.run(settings(out, epochs=3, teacher_epochs=1, **changes))
    results = json.loads((out / "results.json").read_text())
    steps = {name: stage["steps"] for name, stage in results["stages"].items()}
    assert steps == {"teacher": 2, "student": 6, "two_stages": 8}
    chosen = {name: results["settings"][name] for name in ("optimizer", "learning_rate")}
    assert chosen == {"optimizer": "soap", "learning_rate": 1e-2}
    student = kp.load_student(out / "student.keras")
    assert student.count_params() == 12_809
    before = kp.models.start_as_bicubic(kp.models.FSRCNN(2, slope_per_channel=True))
    moved = [
        np.abs(a - b).max()
        for a, b in zip(student.get_weights(), before.get_weights(), strict=True)
    ]
    assert min(moved) > 0
    with pytest.raises(ValueError, match="slope-per-channel is for"):
        settings(out, student="residual_fsrcnn", slope_per_channel=True).resolved()


@pytest.mark.core
def test_a_trained_student_can_be_gone_on_from(tmp_path):
    wanted = kp.from_preset("fsrcnn_x2")
    wanted.save(tmp_path / "before.keras")
    for start in ("fsrcnn_x2", str(tmp_path / "before.keras")):
        chosen = settings(tmp_path, start_from=start, slope_per_channel=True).resolved()
        for network in (pisr.new_student(chosen), pisr.new_teacher(chosen).decoder):
            for ours, theirs in zip(network.get_weights(), wanted.get_weights(), strict=True):
                np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"start_from": "fsrcnn_x2"}, "change --student, --slope-per-channel or --start-from"),
        ({"start_from": "fsrcnn_x3", "slope_per_channel": True}, "no student for x2"),
        ({"start_from": "fsrcn_x2"}, "Did you mean fsrcnn_x2"),
    ],
)
def test_a_student_that_does_not_fit_is_refused_before_training(tmp_path, changes, message):
    out = tmp_path / "run"
    with pytest.raises(ValueError, match=message):
        pisr.run(settings(out, **changes))
    assert not out.exists()


def test_images_are_copied_in_the_sizes_asked_for_once_some_are_held_out(tmp_path, rng):
    for folder, n in (("clean", 4), ("jpeg", 3), ("photo", 2)):
        for index in range(n):
            image = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
            kp.data.write_image(tmp_path / folder / f"{folder}{index}.png", image)
    training, held_out = pisr.load_images(
        settings(
            tmp_path,
            hr_dir=(tmp_path / "clean",),
            sizes=(1.0, 0.8),
            jpeg_dir=(tmp_path / "jpeg",),
            jpeg_sizes=(0.5,),
            photo_dir=(tmp_path / "photo",),
            photo_sizes=(1.0, 1.0),
            validation_images=1,
        ).resolved()
    )
    clean, jpeg = (
        [f"{folder}{i}.png" for i in range(n)] for folder, n in (("clean", 3), ("jpeg", 2))
    )
    assert training.names == (*clean, *clean, *jpeg, "photo0.png", "photo0.png")
    assert (training.heights * 2).tolist() == [40] * 3 + [32] * 3 + [20] * 2 + [40] * 2
    assert held_out.names == ("clean3.png", "jpeg2.png", "photo1.png")
    assert (held_out.heights * 2).tolist() == [40, 20, 40]


def test_drawings_join_the_images_trained_on_only(tmp_path):
    few, _ = pisr.load_images(settings(tmp_path).resolved())
    training, held_out = pisr.load_images(settings(tmp_path, drawings=0.5).resolved())
    assert training.names == (*few.names, "text 0", "shapes 1")
    images = list(kp.data.draw_images(2).values())
    np.testing.assert_array_equal(training.image(len(few))[1], images[0])
    # The second as a screen shows it: drawn in LR pixels.
    lr, hr = training.image(len(few) + 1)
    np.testing.assert_array_equal(lr, images[1])
    np.testing.assert_array_equal(hr, lr.repeat(2, 0).repeat(2, 1))
    assert set(held_out.names) == {"coins", "rocket"}


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"jpeg_sizes": (0.5, 0.0)}, "--jpeg-sizes must be factors above 0"),
        ({"sizes": (1.0, 0.5)}, "--sizes needs --hr-dir or --tfds"),
        ({"hr_dir": ("a",), "lr_dir": "b", "sizes": (0.5,)}, "add 1 to --sizes"),
        ({"detail": -1.0}, "--detail must be 0 or more"),
        ({"teacher_epochs": 0}, "--teacher-epochs must be 1 or more"),
        ({"validation_images": 0}, "--validation-images must be 1 or more"),
        ({"drawings": 2.0}, "--drawings must be a share from 0 to 1"),
        ({"drawings": float("nan")}, "--drawings must be a share from 0 to 1"),
    ],
)
def test_settings_that_cannot_be_met_are_named(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        settings(tmp_path, **changes).resolved()


@pytest.mark.core
@pytest.mark.parametrize("stage", ["teacher", "student"])
def test_a_killed_run_resumes_to_the_same_student(tmp_path, monkeypatch, stage):
    pisr.run(settings(tmp_path / "unbroken", controls=()))

    def killed(self, epoch, logs=None):
        if self.name == stage:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(kp.callbacks.Progress, "on_epoch_end", killed)
        with pytest.raises(KeyboardInterrupt):
            pisr.run(settings(tmp_path / "killed", controls=()))
    pisr.run(settings(tmp_path / "killed", controls=(), resume=True))

    pairs = zip(
        weights(tmp_path / "unbroken" / "student.keras"),
        weights(tmp_path / "killed" / "student.keras"),
        strict=True,
    )
    for unbroken, resumed in pairs:
        np.testing.assert_array_equal(unbroken, resumed)


@pytest.mark.parametrize("mistake", ["hr_dir", "test_dirs"])
def test_a_missing_folder_is_named_before_training_and_leaves_nothing_behind(tmp_path, mistake):
    out = tmp_path / "run"
    with pytest.raises((ValueError, FileNotFoundError), match="absent"):
        pisr.run(settings(out, **{mistake: (tmp_path / "absent",)}))
    assert not out.exists()


def test_test_folders_of_the_same_name_are_refused(tmp_path):
    with pytest.raises(ValueError, match="same name"):
        pisr.benchmark_folders(settings(tmp_path, test_dirs=(tmp_path / "a/S", tmp_path / "b/S")))


def write_photographs(folder, count, rng):
    for i in range(count):
        image = rng.integers(0, 256, (24, 24, 3), "uint8")
        kp.data.write_image(folder / f"{i:02d}.png", image)


@pytest.mark.parametrize(("count", "apart"), [(2, 1), (3, 1), (10, 2), (60, 10)])
def test_a_share_of_a_small_folder_is_held_out(tmp_path, rng, count, apart):
    write_photographs(tmp_path / "photos", count, rng)
    training, held_out = pisr.load_images(settings(tmp_path, hr_dir=(tmp_path / "photos",)))
    assert (len(training), len(held_out)) == (count - apart, apart)


@pytest.mark.parametrize(("count", "chosen"), [(1, None), (3, 3)])
def test_fewer_images_than_are_held_out_are_refused(tmp_path, rng, count, chosen):
    write_photographs(tmp_path / "photos", count, rng)
    chosen = settings(tmp_path, hr_dir=(tmp_path / "photos",), validation_images=chosen)
    with pytest.raises(ValueError, match="nothing is left to train on"):
        pisr.load_images(chosen)


def test_held_out_images_of_ones_own_are_scored_and_named_so(tmp_path, rng, capsys):
    write_photographs(tmp_path / "photos", 4, rng)
    out = tmp_path / "run"
    results = pisr.run(settings(out, hr_dir=(tmp_path / "photos",), controls=(), epochs=1))
    (image,) = kp.data.list_images(out / "held_out" / "HR")
    expected = kp.data.read_image(tmp_path / "photos" / "03.png")
    np.testing.assert_array_equal(kp.data.read_image(image), expected)
    assert set(results["scores"]["student"]) == {"held_out"}
    said = " ".join(capsys.readouterr().out.split())
    assert "1 image(s) held out of yours" in said
    assert "Steps: teacher 2, student 2. About 0:" in said


def test_a_run_that_never_began_is_not_resumed(tmp_path):
    with pytest.raises(ValueError, match="there is no run in .*nowhere to continue"):
        pisr.run(settings(tmp_path / "nowhere", resume=True))
    assert not (tmp_path / "nowhere").exists()


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_epoch(tmp_path):
    out = tmp_path / "run"
    pisr.run(settings(out, controls=(), epochs=1))
    good = json.loads((out / "stages" / "teacher" / "state.json").read_text())
    with pytest.raises(ValueError, match="Training failed in epoch 1: .*No epoch was good"):
        pisr.run(settings(tmp_path / "bad", controls=(), learning_rate=1e30, warmup_steps=0))
    assert good["epochs_done"] == 1
    assert not (tmp_path / "bad" / "stages" / "teacher" / "state.json").exists()


def test_without_tensorboard_a_run_says_so_once(tmp_path, monkeypatch, capsys):
    find = importlib.util.find_spec
    missing = lambda name, *rest: None if name == "tensorboard" else find(name, *rest)  # noqa: E731
    monkeypatch.setattr("importlib.util.find_spec", missing)
    pisr.run(settings(tmp_path / "run", epochs=1, tensorboard=True))
    said = capsys.readouterr().out
    assert said.count("No logs for TensorBoard") == 1
    assert not (tmp_path / "run" / "tensorboard").exists()


def test_nothing_is_written_to_the_error_stream(tmp_path):
    command = [sys.executable, RECIPES / "pisr_x2.py", "--out", tmp_path / "run", "--controls"]
    options = os.environ | {"KERAS_PISR_SMOKE": "1"}
    options.pop("TF_CPP_MIN_LOG_LEVEL", None)
    process = subprocess.run(command, env=options, capture_output=True, text=True, check=True)
    assert process.stderr == ""


def test_student_and_control_see_the_same_patches_in_the_same_order(tmp_path, monkeypatch):
    fed = []
    original = pisr.feed

    def spy(pairs, settings, first_epoch, workers):
        fed.append(first_epoch)
        return original(pairs, settings, first_epoch, workers)

    monkeypatch.setattr(pisr, "feed", spy)
    pisr.run(settings(tmp_path / "run", steps_per_epoch=1, epochs=2))
    # The teacher's decoder 0 and 1, the student 2 and 3, the control 0 to 3.
    assert fed == [0, 2, 0]


@pytest.mark.parametrize("distillation", ["gaussian", "l1", "l2", "none"])
def test_every_distillation_of_the_ablation_runs(tmp_path, distillation):
    results = pisr.run(settings(tmp_path / "run", distillation=distillation, controls=(), epochs=1))
    logged = results["stages"]["student"]["history"]
    assert ("distillation" in logged) == (distillation != "none")


def test_the_paper_schedule_is_the_published_one():
    full = Settings(scale=3, schedule="paper").resolved()
    assert (full.epochs, full.steps_per_epoch, full.batch_size, full.patch_size) == (
        1000,
        1000,
        16,
        192,
    )
    assert (full.start, full.averaging, full.warmup_steps) == ("reference", 0, 0)
    assert (full.imitation_weight, full.distillation_weight) == (1e-4, 1e-6)
    assert (full.optimizer, full.learning_rate, full.final_learning_rate) == ("adam", 1e-3, 1e-5)
    assert full.teacher_epochs == full.epochs


def test_a_patch_that_is_no_multiple_of_the_scale_is_refused():
    with pytest.raises(ValueError, match="--patch-size 50"):
        Settings(scale=3, patch_size=50).resolved()


def recipe(scale, *arguments):
    return subprocess.run(
        [sys.executable, RECIPES / f"pisr_x{scale}.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_help_teaches_and_unknown_names_fail(scale):
    shown = recipe(scale, "--help")
    assert shown.returncode == 0
    assert "--hr-dir" in shown.stdout
    assert recipe(scale, "--epoch-count", "3").returncode == 2


def test_a_mistake_ends_in_one_line():
    failed = recipe(2, "--patch-size", "47")
    assert failed.returncode == 2
    assert failed.stderr == "pisr_x2.py: error: --patch-size 47 is not a multiple of 2.\n"
