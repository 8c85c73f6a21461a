"""Whole runs: what they leave behind, and how they continue."""

import importlib.util
import json

import keras
import numpy as np
import pytest

import keras_pisr as kp
from pisr import run as pisr
from tests.recipes.pisr.small import settings

ON_TENSORFLOW = keras.backend.backend() == "tensorflow"
pytestmark = pytest.mark.slow


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
    student, control = weights(out / "student.keras"), weights(out / "one_stage.keras")
    for ours, theirs in zip(student, control, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert isinstance(kp.load_student(out / "student.keras"), kp.models.ResidualFSRCNN)
    assert list((out / "pictures" / "held_out").glob("*.png"))
    said = capsys.readouterr().out
    assert "ResidualFSRCNN alone" in said and f"{out}/student.keras" in said
    assert "start" not in said


def test_a_student_that_is_worse_than_its_start_is_said_to_be(tmp_path, capsys):
    out, options = tmp_path / "run", {"pisr": False, "controls": ("one_stage",), "epochs": 1}
    options |= {"start_from": "fsrcnn_x2", "slope_per_channel": True, "degrade": "jpeg:30"}
    results = pisr.run(settings(out, learning_rate=0.1, warmup_steps=0, **options))
    said = capsys.readouterr().out
    for scores, pictures in (("scores", "pictures"), ("scores_degraded", "pictures_degraded")):
        rows = {name: row["held_out"]["psnr"] for name, row in results[scores].items()}
        assert list(rows) == ["bicubic", "start", "one_stage"]
        assert rows["one_stage"] < rows["start"]
        assert f"{rows['one_stage']:.2f} dB, start {rows['start']:.2f}" in said
        assert list((out / f"{pictures}_start" / "held_out").glob("*.png"))
    wanted = kp.from_preset("fsrcnn_x2").get_weights()
    for ours, theirs in zip(weights(out / "start.keras"), wanted, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("psnr", "named"), [(30.0, True), (30.01, False)])
def test_only_a_gain_that_the_table_shows_is_better_than_the_start(capsys, psnr, named):
    scores = {"start": {"Set5": {"psnr": 30.004}}, "one_stage": {"Set5": {"psnr": psnr}}}
    pisr.say_where_start_is_better({"scores": scores})
    assert ("Set5 30.00 dB, start 30.00" in capsys.readouterr().out) == named


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
