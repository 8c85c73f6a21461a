"""What can be set, in Python and on the command line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pisr.settings import Settings, main
from tests.recipes.pisr.small import settings

RECIPES = Path(__file__).resolve().parents[3] / "recipes"
pytestmark = pytest.mark.slow


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
        ({"screens": -0.1}, "--screens must be a share from 0 to 1"),
    ],
)
def test_settings_that_cannot_be_met_are_named(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        settings(tmp_path, **changes).resolved()


def test_another_factor_is_another_recipe(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["recipes/pisr_x2.py", "--scale=3"])
    with pytest.raises(SystemExit) as error:
        main(scale=2, description="")
    assert error.value.code == 2
    assert "This recipe is for x2; run pisr_x2.py, pisr_x3.py" in capsys.readouterr().err


def test_nothing_is_written_to_the_error_stream(tmp_path):
    command = [sys.executable, RECIPES / "pisr_x2.py", "--out", tmp_path / "run", "--controls"]
    options = os.environ | {"KERAS_PISR_SMOKE": "1"}
    options.pop("TF_CPP_MIN_LOG_LEVEL", None)
    process = subprocess.run(command, env=options, capture_output=True, text=True, check=True)
    assert process.stderr == ""


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
