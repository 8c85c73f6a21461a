"""What can be set, in Python and on the command line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from horkd.settings import METHODS, Settings
from tests.recipes.horkd.small import settings

RECIPES = Path(__file__).resolve().parents[3] / "recipes"

pytest.importorskip("tensorflow")


def test_all_methods_are_every_row_of_the_table():
    assert settings("faces", None, methods=("all",)).resolved().methods == METHODS


@pytest.mark.parametrize(
    ("given", "per_class", "images_of_each", "wanted"),
    [
        (None, None, [90, 90], 128),
        (None, None, [20, 30], 50),
        (None, 4, [10] * 5, 20),
        (None, 5, [99] * 40, 125),
        (8, 4, [10] * 5, 8),
    ],
)
def test_a_batch_is_as_large_as_the_images_fill(given, per_class, images_of_each, wanted):
    labels = np.repeat(range(len(images_of_each)), images_of_each)
    made = Settings(batch_size=given, per_class=per_class)
    assert made.with_batch_size(labels).batch_size == wanted
    with pytest.raises(ValueError, match=r"--per-class 4: give --batch-size 20 or less"):
        Settings(batch_size=24, per_class=4).with_batch_size(np.repeat(range(5), 10))


def test_relations_weigh_less_where_the_classes_are_known():
    weights = {
        task: (made.distance_weight, made.angle_weight)
        for task in ("classification", "retrieval", "faces")
        for made in [Settings(task=task).resolved()]
    }
    assert weights == {"classification": (7.5, 15), "retrieval": (25, 50), "faces": (25, 50)}
    assert Settings(angle_weight=3.0).resolved().angle_weight == 3


def command(*arguments):
    return subprocess.run(
        [sys.executable, RECIPES / "horkd_faces.py", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_help_says_what_can_be_set_without_a_backend():
    result = command("--help")
    assert result.returncode == 0
    assert "--angle-weight" in result.stdout
    assert "--seed " not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "none"], "also give --epochs N and --teacher-epochs N."),
        (["--data", "none", "--epochs", "2"], "also give --teacher-epochs N."),
        (["--data", "none", "--tfds", "lfw"], "either --data or --tfds"),
        (["--per-class", "5", "--batch-size", "128"], "not a multiple of --per-class 5"),
    ],
)
def test_mistakes_end_in_one_line(arguments, message):
    result = command(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
