"""Latency: what is reported, where it is measured, and what a budget does."""

import json
import subprocess
import sys

import pytest

import keras_pisr as kp
from keras_pisr.cli.latency import main
from keras_pisr.mobile.latency import timing
from tests.mobile.runtime.test_tflite_model import WITHOUT_TENSORFLOW


def test_the_figures_are_those_of_the_request(files):
    row = kp.mobile.measure_latency(files("float32"), size=(20, 30), threads=2, runs=7, warmup=2)
    assert (row.size, row.output_size) == ((20, 30), (40, 60))
    assert (row.threads, row.runs, row.warmup) == (2, 7, 2)
    assert 0 < row.min_ms <= row.median_ms <= row.p90_ms
    assert row.initialisation_ms > 0 and row.first_ms > 0
    if sys.platform == "linux":
        # Above what any input of this size takes, below what TensorFlow would.
        assert 40 * 60 * 4 < row.peak_memory_bytes < 60e6
    assert json.loads(json.dumps(row.to_dict()))["name"] == "float32.tflite"


def test_median_and_p90_are_of_the_timed_calls_alone(files, monkeypatch):
    # Two readings a call, after two around initialisation: 900 ms for the call that warms up.
    durations = iter([0.9, 0.005, 0.001, 0.004, 0.002, 0.003])
    clock = [0.0]

    def reading(state={"count": 0}):  # noqa: B006
        state["count"] += 1
        if state["count"] > 2 and state["count"] % 2 == 0:
            clock[0] += next(durations)
        return clock[0]

    monkeypatch.setattr(timing.time, "perf_counter", reading)
    row = timing.time_calls(files("float32"), size=(4, 4), threads=1, runs=5, warmup=1)
    assert row.median_ms == pytest.approx(3)
    assert row.p90_ms == pytest.approx(4.6)  # Between the fourth and the fifth of five.
    assert row.min_ms == pytest.approx(1) and row.first_ms == pytest.approx(900)


def test_a_fixed_size_is_the_size_that_is_timed(student, tmp_path):
    kp.mobile.to_tflite(student, tmp_path / "a.tflite", size=(8, 10))
    assert kp.mobile.measure_latency(tmp_path / "a.tflite", runs=1).size == (8, 10)
    with pytest.raises(ValueError, match="height 8, width 10: were the sides swapped?"):
        kp.mobile.measure_latency(tmp_path / "a.tflite", size=(10, 8), runs=1)
    with pytest.raises(ValueError, match=r"takes luma \(1, 8, 10, 1\), got \(1, 9, 9, 1\)"):
        kp.mobile.measure_latency(tmp_path / "a.tflite", size=(9, 9), runs=1)


@pytest.mark.parametrize("name", ["threads", "runs", "warmup"])
def test_counts_below_one_are_refused(files, name):
    with pytest.raises(ValueError, match=f"{name} to be 1 or more; got 0"):
        kp.mobile.measure_latency(files("float32"), **{name: 0})


def test_the_command_imports_no_tensorflow(files, tmp_path):
    arguments = [str(files("float32")), "--size", "8", "8", "--runs", "2", "--threads", "1", "2"]
    arguments += ["--json", str(tmp_path / "out" / "a.json")]
    code = f"from keras_pisr.cli.latency import main; sys.exit(main({arguments!r}))"
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW + code], capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "float32.tflite on " in result.stdout and " MB" in result.stdout
    rows = json.loads((tmp_path / "out" / "a.json").read_text())
    assert [row["threads"] for row in rows] == [1, 2]


def test_a_budget_decides_the_exit_code(files, capsys):
    arguments = [str(files("float32")), "--size", "8", "8", "--runs", "2", "--budget-ms"]
    assert main([*arguments, "60000"]) == 0
    assert main([*arguments, "0.000001"]) == 1
    assert "the budget is 1e-06 ms" in capsys.readouterr().err


def test_a_plot_shows_every_row(files, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    arguments = [str(files("float32")), "--size", "8", "8", "--runs", "2", "--threads", "1", "2"]
    assert main([*arguments, "--plot", str(tmp_path / "a.svg")]) == 0
    picture = (tmp_path / "a.svg").read_text()
    assert "<!-- cpu, threads: 1 -->" in picture and "<!-- cpu, threads: 2 -->" in picture
    assert main([*arguments, "--plot", str(tmp_path / "a.txt")]) == 2
    assert "ending in .png, .svg or .pdf" in capsys.readouterr().err


def test_options_of_a_phone_need_a_phone(files, capsys):
    assert main([str(files("float32")), "-s", "1234"]) == 2
    assert "only with --android" in capsys.readouterr().err


def test_errors_are_one_line(tmp_path, capsys):
    (tmp_path / "a.tflite").write_text("no model at all")
    assert main([str(tmp_path / "a.tflite")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("latency.py: error: ") and error.count("\n") == 1
