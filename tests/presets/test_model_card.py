"""Model cards, and the tool that makes a preset of a run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keras_pisr.models import FSRCNN
from keras_pisr.presets import from_preset, model_card

RESULTS = {
    "settings": {
        "scale": 2, "hr_dir": ["/somewhere/secret/T91", "/somewhere/secret/BSDS400"], "tfds": None,
        "epochs": 12, "steps_per_epoch": 500, "batch_size": 16, "patch_size": 64, "seed": 0,
        "out": "/somewhere/secret/runs", "distillation": "laplace", "start": "bicubic",
    },
    "environment": {"backend": "tensorflow", "versions": {"keras": "3.15.1", "tensorflow": "2.21.0"}},
    "training_images": 481,
    "stages": {name: {"steps": steps} for name, steps in
               {"teacher": 6000, "student": 6000, "two_stages": 12000}.items()},
    "scores": {
        "bicubic": {"Set5": {"psnr": 33.6686, "ssim": 0.93}, "B100": {"psnr": 29.56, "ssim": 0.843}},
        "two_stages": {"Set5": {"psnr": 36.5, "ssim": 0.953}, "B100": {"psnr": 31.25, "ssim": 0.887}},
        "student": {"Set5": {"psnr": 36.625, "ssim": 0.9543}, "B100": {"psnr": 31.3, "ssim": 0.888}},
    },
}  # fmt: skip


def card(**options):
    options = {"member": "student", "command": "python recipes/pisr_x2.py"} | options
    return model_card("fsrcnn_x2_pisr", FSRCNN(2), RESULTS, **options)


def test_a_card_says_what_was_done_and_what_it_scored():
    text = card()
    for fact in (
        "12,644 parameters",
        "| | Set5 | B100 |",
        "| bicubic | 33.67 / 0.9300 | 29.56 / 0.8430 |",
        "| fsrcnn_x2_pisr | 36.62 / 0.9543 | 31.30 / 0.8880 |",
        "481 of T91 and BSDS400",
        "teacher 6,000 steps, student 6,000 steps",
        "- distillation: laplace",
        "- seed: 0",
        "keras 3.15.1, tensorflow 2.21.0",
        "`python recipes/pisr_x2.py`",
    ):
        assert fact in text, fact
    assert text.startswith("---\nlibrary_name: keras\n")


def test_a_card_of_a_last_phase_says_what_came_before():
    settings = RESULTS["settings"] | {"pisr": False, "start_from": "/secret/run/student.keras"}
    last = RESULTS | {
        "settings": settings,
        "stages": {"one_stage": {"steps": 500}},
        "scores": RESULTS["scores"] | {"one_stage": RESULTS["scores"]["student"]},
    }
    text = model_card("a", FSRCNN(2), last, member="one_stage", command="c")
    assert "parameters, trained alone.\n" in text
    assert "one_stage 500 steps, from a student trained before (student.keras)." in text
    assert "secret" not in text


def test_a_card_says_whether_drawings_were_trained_on():
    assert "Text and drawings were not in the training images" in card()
    settings = RESULTS["settings"] | {"drawings": 0.03, "pisr": False}
    text = model_card("a", FSRCNN(2), RESULTS | {"settings": settings}, command="c")
    assert "parameters, trained alone, on drawings too." in text
    assert "481 of T91 and BSDS400 and drawings." in text
    assert "Text and drawings were not" not in text


def test_a_card_tells_of_degraded_images():
    settings = RESULTS["settings"] | {"degrade": "jpeg:30-95@0.8"}
    degraded = {name: {"Set5": {"psnr": 30.5, "ssim": 0.9}} for name in ("bicubic", "student")}
    results = RESULTS | {"settings": settings, "scores_degraded": degraded}
    text = model_card("fsrcnn_x2_jpeg", FSRCNN(2), results, command="python x.py")
    assert "on degraded images (jpeg:30-95@0.8)" in text and "- degrade: jpeg:30-95@0.8" in text
    assert "| fsrcnn_x2_jpeg | 30.50 / 0.9000 |" in text and "keeps more" in text


def test_a_card_names_the_software_with_which_a_run_was_resumed():
    versions = {"keras": "3.16", "jax": "0.11"}
    other = {"backend": "jax", "versions": versions}
    environment = RESULTS["environment"]
    environment = environment | {"resumed_on": [environment | {"cpus": 64}, other]}
    text = model_card("a", FSRCNN(2), RESULTS | {"environment": environment}, command="c")
    wanted = "keras 3.15.1, tensorflow 2.21.0, resumed or scored with keras 3.16, jax 0.11.\n"
    assert f"- Trained with {wanted}" in text


def test_a_card_of_a_control_does_not_speak_of_distillation():
    text = card(member="two_stages")
    assert "trained alone" in text and "two_stages 12,000 steps" in text
    assert "laplace" not in text


def test_a_card_of_a_run_without_a_teacher_does_not_speak_of_one():
    results = {**RESULTS, "settings": {**RESULTS["settings"], "pisr": False}}
    text = model_card("x", FSRCNN(2), results, member="two_stages", command="python x.py")
    assert "parameters, trained alone.\n" in text


def test_a_card_says_in_which_sizes_images_were_trained_on():
    settings = {
        **RESULTS["settings"],
        **{"hr_dir": ["/secret/T91"], "sizes": [1.0, 0.8]},
        **{"jpeg_dir": ["/secret/BSDS400"], "jpeg_sizes": [0.5]},
        **{"optimizer": "soap", "detail": 1.0, "start_from": "/secret/before.keras"},
    }
    results = {**RESULTS, "settings": settings, "training_images": 1180}
    text = model_card("x", FSRCNN(2), results, command="c")
    sources = "T91 at 1.0, 0.8 of the size and BSDS400 at 0.5 of the size"
    assert f"1,180 of {sources}, shrunk copies counted." in text
    settings |= {"hr_dir": [], "jpeg_dir": [], "tfds": "div2k"}
    text = model_card("x", FSRCNN(2), {**results, "settings": settings}, command="c")
    assert "1,180 of div2k at 1.0, 0.8 of the size, shrunk copies counted." in text
    assert "6,000 steps, from a student trained before (before.keras)." in text
    assert "/secret" not in text
    assert "- optimizer: soap\n" in text and "- detail: 1.0\n" in text


def test_no_path_of_the_training_machine_is_told():
    assert "somewhere" not in card()


@pytest.mark.parametrize("member", ["teacher", "one_stage", "bicubic"])
def test_a_member_that_is_no_student_of_the_run_is_refused(member):
    with pytest.raises(ValueError, match=member):
        card(member=member)


def test_a_model_of_another_scale_is_refused():
    with pytest.raises(ValueError, match="run is for x2, the model for x3"):
        model_card("a", FSRCNN(3), RESULTS, command="c")


@pytest.mark.slow
def test_a_run_becomes_a_preset(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "results.json").write_text(json.dumps(RESULTS))
    model = FSRCNN(2)
    model.save(tmp_path / "run" / "student.keras")
    script = Path(__file__).parents[2] / "recipes" / "make_preset.py"
    command = [sys.executable, script, tmp_path / "run", "fsrcnn_x2_pisr"]
    command += ["--command", "python recipes/pisr_x2.py", "--out", tmp_path]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "'Set5': 36.62" in result.stdout and "'class': 'FSRCNN'" in result.stdout
    assert (tmp_path / "fsrcnn_x2_pisr" / "README.md").read_text() == card()
    assert from_preset(tmp_path / "fsrcnn_x2_pisr").count_params() == 12_644
