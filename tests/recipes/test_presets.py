"""The settings files of presets: each names its preset and trains what the catalog says."""

import dataclasses
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "recipes" / "presets"
RESULTS = FOLDER.parents[1] / "docs" / "results"
KINDS = ("", "_pisr", "_mixed")
SETTINGS = (
    "scale",
    "slope_per_channel",
    "optimizer",
    "learning_rate",
    "refresh_every",
    "sizes",
    "jpeg_sizes",
    "detail",
    "batch_size",
    "patch_size",
    "imitation_weight",
    "steps_per_epoch",
    "epochs",
    "teacher_epochs",
    "drawings",
    "start_from",
    "seed",
)
NAMES = sorted(path.stem for path in FOLDER.glob("plain_sr_*.py"))


@pytest.fixture
def settings_file(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.mark.parametrize("name", NAMES)
def test_a_settings_file_is_of_the_preset_it_is_named_after(name, settings_file):
    module = settings_file(name)
    _, _, scale, size, *kind = name.split("_")
    assert name in module.__doc__
    settings = module.SETTINGS.resolved()
    assert f"x{settings.scale}" == scale and settings.size == size
    assert bool(settings.degrade) == (kind == ["jpeg"])


def test_folders_are_those_of_the_data(settings_file, monkeypatch, tmp_path):
    module, command = settings_file("plain_sr_x2_small"), settings_file("shared")
    monkeypatch.setattr("pisr.run.run", lambda settings: settings)
    given = command.train(module.SETTINGS, tmp_path / "data", tmp_path / "out")
    assert given.hr_dir == (tmp_path / "data" / "train" / "T91",)
    assert [path.name for path in given.test_dirs] == [*command.TESTS]
    assert given.out == tmp_path / "out"


def test_a_run_starts_from_the_student_of_the_one_before(settings_file, monkeypatch, tmp_path):
    module, command = settings_file("plain_sr_x3_small"), settings_file("shared")
    runs = []
    monkeypatch.setattr("pisr.run.run", runs.append)
    command.train(module.SETTINGS, tmp_path, tmp_path / "out", before=module.BEFORE)
    first, second, last = runs
    assert first.out == tmp_path / "out" / "run_1" and not first.test_dirs
    assert first.start_from is None and first.start_body_from == "plain_sr_x2_small"
    assert second.out == tmp_path / "out" / "run_2" and not second.test_dirs
    assert second.start_from == str(first.out / "one_stage.keras")
    assert last.start_from == str(second.out / "one_stage.keras") and last.start_body_from is None
    assert last.out == tmp_path / "out" and last.test_dirs


@pytest.mark.parametrize("finished", [1, 2])
def test_a_killed_preset_resumes_with_the_run_it_was_in(
    finished, settings_file, monkeypatch, tmp_path
):
    module, command = settings_file("plain_sr_x3_small"), settings_file("shared")
    resumed = []
    monkeypatch.setattr("pisr.run.run", lambda settings: resumed.append(settings.resume))
    for number in range(1, finished + 1):
        folder = tmp_path / "out" / f"run_{number}"
        folder.mkdir(parents=True)
        (folder / "settings.json").touch()
    options = {"before": module.BEFORE, "resume": True}
    command.train(module.SETTINGS, tmp_path, tmp_path / "out", **options)
    assert resumed == [number <= finished for number in (1, 2, 3)]


def test_a_missing_folder_is_one_line(tmp_path):
    command = [sys.executable, FOLDER / "plain_sr_x2_small.py", tmp_path, "--out", tmp_path / "run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "Set5" in done.stderr


SHIPPED = ["residual_fsrcnn_x2", *(f"fsrcnn_x{s}{kind}" for s in (2, 3, 4) for kind in KINDS)]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_settings_of_a_shipped_preset_are_those_of_its_run(name, settings_file):
    """Against the results file of the run that the preset was made of."""
    module = settings_file(name)
    assert f"recipes/presets/{name}.py" in module.__doc__
    settings = module.SETTINGS.resolved()
    scale = name[name.index("_x") + 1 :][:2]
    kind = name.rpartition("_")[2]
    run = name if name.startswith("residual") else "mixed_" * (kind == "mixed") + scale
    run = f"presets_{run}" if run == scale else run
    recorded = json.loads((RESULTS / f"{run}.json").read_text())["settings"]
    assert settings.student == recorded.get("student", "fsrcnn")
    # What was set at the time; a run of both took the control and the student with one command.
    for setting in SETTINGS:
        if setting in recorded:
            ours = getattr(settings, setting)
            theirs = recorded[setting]
            assert (list(ours) if isinstance(ours, tuple) else ours) == theirs, setting
    assert settings.pisr == (kind == "pisr")


@pytest.mark.parametrize("name", NAMES)
def test_the_settings_of_plain_sr_are_those_of_its_runs(name, settings_file):
    module, short = settings_file(name), name.removeprefix("plain_sr_")
    runs = {short: module.SETTINGS}
    for number, before in enumerate(getattr(module, "BEFORE", ()), 1):
        runs[f"{short}_run_{number}"] = before
    places = {"out", "resume", "test_dirs", "hr_dir", "jpeg_dir", "photo_dir", "start_from"}
    for run, settings in runs.items():
        recorded = json.loads((RESULTS / "plain_sr" / f"{run}.json").read_text())["settings"]
        recorded = {"screens": 0.0, **recorded}  # The setting is newer than some of the runs.
        ours = json.loads(json.dumps(dataclasses.asdict(settings.resolved()), default=str))
        assert {k: ours[k] for k in ours.keys() - places} == {
            k: recorded[k] for k in ours.keys() - places
        }


def test_a_preset_that_never_began_is_not_resumed(settings_file, tmp_path):
    module, command = settings_file("fsrcnn_x2"), settings_file("shared")
    with pytest.raises(ValueError, match="there is no run in"):
        command.train(module.SETTINGS, tmp_path, tmp_path / "absent", resume=True)
