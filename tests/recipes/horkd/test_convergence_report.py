"""Programs of `benchmarks/horkd_convergence` that print and draw what results files hold."""

import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "benchmarks" / "horkd_convergence"


def run(*command):
    command = [sys.executable, *map(str, command)]
    return subprocess.run(command, capture_output=True, text=True)


def test_sizes_are_printed_and_drawn_per_task(tmp_path):
    def curve(recall):
        scores = {"recall@1": recall, "recall@8": 0.5, "map": 0.1}
        return [{"steps": 10, "scores": {"0": scores, "1": scores}}]

    rows = {
        f"{row}, LR smaller by {factor}": curve(0.1 * (index + 1) / factor)
        for index, row in enumerate(("plain", "start", "horkd_123"))
        for factor in (4, 8, 2)
    }
    results = {"task": "retrieval", "sizes": {"rows": rows}}
    (tmp_path / "retrieval.json").write_text(json.dumps(results))
    done = run(FOLDER / "report.py", tmp_path)
    assert done.returncode == 0, done.stderr
    cells = "| 10 | 15.0 ± 0.0 | 50.0 ± 0.0 | 10.0 ± 0.0 | +0.0 |"
    assert f"| HORKD 1 2 3, LR smaller by 2 {cells}" in done.stdout
    assert (tmp_path / "sizes.png").exists()
    assert not (tmp_path / "curves.png").exists()


def test_a_tune_is_printed_and_drawn_with_the_rows_that_it_has(tmp_path):
    def point(recall):
        return [{"steps": 10, "scores": {"0": {"recall@1": recall, "recall@8": 0.5, "map": 0.1}}}]

    rows = {"teacher": point(0.9), "horkd_123: no angle": point(0.3)}
    for rows_of_rkd, cells in (
        ({}, "30.0 |  |"),
        ({"rkd: relations x 3": point(0.2)}, "30.0 |  |"),
    ):
        results = {"task": "retrieval", "tune": {"rows": rows | rows_of_rkd}}
        (tmp_path / "retrieval.json").write_text(json.dumps(results))
        done = run(FOLDER / "report.py", tmp_path)
        assert done.returncode == 0, done.stderr
        assert f"| no angle | {cells}" in done.stdout
        assert ("| relations x 3 |  | 20.0 |" in done.stdout) == bool(rows_of_rkd)
    assert (tmp_path / "tune.png").exists()


def result(path, height, scores, **settings):
    """A results file of the recipe for retrieval."""
    rows = dict(zip(("plain", "start", "horkd_123"), scores, strict=True))
    rows = {name: {"recall@1": score} for name, score in rows.items()}
    results = {
        "settings": {"task": "retrieval", "epochs": 3, "lr_factor": 64 // height, **settings},
        "networks": {"student": {"image": [height, height, 3]}},
        "rows": {"teacher": {"recall@1": {"mean": 0.5}}},
        "runs": {"0": rows, "1": rows},
    }
    path.write_text(json.dumps(results))
    return path


def test_recipes_runs_of_several_sizes_are_compared(tmp_path):
    small = result(tmp_path / "8.json", 8, (0.1, 0.1, 0.2))
    large = result(tmp_path / "16.json", 16, (0.2, 0.3, 0.4))
    done = run(FOLDER / "lr_sizes.py", large, small, "--out", tmp_path / "sizes.png")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    gains = "+10.0 ± 0.0 | 25 % |", "+20.0 ± 0.0 | 67 % |"
    assert lines[2].startswith("| 8 px | 10.0 ± 0.0 | 10.0 ± 0.0 | 20.0 ± 0.0 | 50.0 | ")
    assert [line.split("50.0 | ")[1] for line in lines[2:]] == list(gains)
    assert (tmp_path / "sizes.png").exists()
    other = result(tmp_path / "32.json", 32, (0.2, 0.3, 0.4), epochs=4)
    done = run(FOLDER / "lr_sizes.py", small, other, "--out", tmp_path / "no.png")
    assert done.returncode and "the files differ in epochs" in done.stderr
    assert not (tmp_path / "no.png").exists()
