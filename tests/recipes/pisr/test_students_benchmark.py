"""`benchmarks/training/students.py` gathers the runs of one student only if their settings agree."""

import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "benchmarks" / "training"


@pytest.fixture
def students(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    import students

    return students


def finished(runs, seed, **settings):
    scores = {"psnr": 30.0 + seed, "ssim": 0.9}
    rows = ("student", "one_stage", "two_stages")
    results = {
        "settings": {"student": "idn", "seed": seed, "out": "x", "epochs": 2, **settings},
        "scores": {row: dict.fromkeys(("Set5", "Set14", "B100"), scores) for row in rows},
        "stages": {"one_stage": {"parameters": 5, "seconds": 1.0, "steps": 2}},
        "environment": {},
    }
    path = runs / f"idn_{seed}" / "results.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(results))


def test_a_setting_that_an_older_run_does_not_name_is_no_difference(students, tmp_path):
    finished(tmp_path, 0)
    finished(tmp_path, 1, screens=0.0)
    found = students.collected(tmp_path)
    assert list(found["idn"]["seeds"]) == ["0", "1"]


def test_runs_of_other_settings_are_refused(students, tmp_path):
    finished(tmp_path, 0)
    finished(tmp_path, 1, epochs=3)
    with pytest.raises(ValueError, match="idn_1 differs from other runs of idn in epochs"):
        students.collected(tmp_path)
