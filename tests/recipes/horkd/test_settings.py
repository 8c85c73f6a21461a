"""What can be set, in Python and on the command line."""

import subprocess
import sys
from pathlib import Path

import pytest

from horkd.settings import METHODS
from tests.recipes.horkd.small import settings

RECIPES = Path(__file__).resolve().parents[3] / "recipes"

pytest.importorskip("tensorflow")


def test_all_methods_are_every_row_of_the_table():
    assert settings("faces", None, methods=("all",)).resolved().methods == METHODS


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
        (["--data", "none"], "--epochs and --teacher-epochs"),
        (["--data", "none", "--tfds", "lfw"], "either --data or --tfds"),
        (["--per-class", "5"], "not a multiple of --per-class 5"),
    ],
)
def test_mistakes_end_in_one_line(arguments, message):
    result = command(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
