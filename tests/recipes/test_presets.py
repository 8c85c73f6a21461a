"""The settings files of presets: each names its preset and trains what the catalog says."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "recipes" / "presets"
NAMES = sorted(path.stem for path in FOLDER.glob("plain_sr_*.py"))


@pytest.fixture
def settings_file(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.mark.parametrize("name", NAMES)
def test_a_settings_file_is_of_the_preset_it_is_named_after(name, settings_file):
    module = settings_file(name)
    _, _, scale, size = name.split("_")
    assert name in module.__doc__
    for settings in module.PHASES.values():
        assert f"x{settings.scale}" == scale and settings.size == size
        settings.resolved()


def test_phases_follow_each_other_and_the_last_is_scored(settings_file, monkeypatch, tmp_path):
    module, phases = settings_file("plain_sr_x2_small"), settings_file("phases")
    runs = []
    monkeypatch.setattr("pisr.run.run", runs.append)
    phases.run_phases(module.PHASES, tmp_path / "data", tmp_path / "out")
    first, last = runs
    assert first.start_from is None and not first.test_dirs and not first.drawings
    assert last.start_from == str(tmp_path / "out" / "photographs" / "one_stage.keras")
    assert last.drawings == 0.03 and [path.name for path in last.test_dirs] == [*phases.TESTS]
    assert last.hr_dir == (tmp_path / "data" / "train" / "T91",)


def test_a_missing_folder_is_one_line(tmp_path):
    command = [sys.executable, FOLDER / "plain_sr_x2_small.py", tmp_path, "--out", tmp_path / "run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "T91" in done.stderr
