"""The Python of README and of guides runs as it stands: in seconds on stand-ins, and, slowly, with its promise."""

import re
from pathlib import Path

import numpy as np
import pytest

import keras_pisr as kp

ROOT = Path(__file__).parents[1]
GUIDES = ROOT / "docs" / "guides"
PAGES = [
    ROOT / "README.md",
    *(GUIDES / f"{page}.md" for page in ("recognition", "own_student", "own_data")),
]
SNIPPETS = [
    snippet
    for page in PAGES
    for snippet in re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
]
TRAINING = next(snippet for snippet in SNIPPETS if "paired_folder" in snippet)


def write_photographs(folder, split, side=None):
    for name, image in kp.data.sample_images(split).items():
        kp.data.write_image(folder / f"{name}.png", image[:side, :side])


@pytest.fixture
def stand_ins(tmp_path, monkeypatch):
    """A folder with small images under the names that README uses."""
    pytest.importorskip("skimage")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("keras_pisr.data.pairs.patches.STEPS_PER_EPOCH", 1)
    write_photographs(tmp_path / "photos", "train", side=112)  # `sizes` shrinks them
    write_photographs(tmp_path / "Set5" / "HR", "test", side=48)
    write_photographs(tmp_path / "apart", "test", side=48)
    kp.data.write_image(tmp_path / "photo.jpg", kp.data.sample_images("test")["coffee"][:40, :56])
    rng = np.random.default_rng(0)
    for i in range(64):
        image = rng.integers(0, 256, (64, 64, 3), np.uint8)
        kp.data.write_image(tmp_path / "animals" / f"kind_{i % 4}" / f"{i}.png", image)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    "snippet", SNIPPETS, ids=[f"snippet_{i + 1}" for i in range(len(SNIPPETS))]
)
def test_snippet_runs_as_it_stands(snippet, stand_ins, capsys):
    names = {}
    exec(compile(snippet, "README.md", "exec"), names)
    if snippet == TRAINING:
        assert names["student"].count_params() == 12_696
        bicubic, student = map(float, capsys.readouterr().out.split()[-2:])
        assert bicubic > student > 5  # After one step per epoch, far from trained.


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float16", "int8"])
@pytest.mark.usefixtures("tensorflow_backend")
def test_the_network_of_own_student_ships_for_any_size(precision, tmp_path):
    names = {}
    snippet = next(snippet for snippet in SNIPPETS if "def network" in snippet)
    exec(compile(snippet.split("epochs = ")[0], "own_student.md", "exec"), names)
    student = names["network"]()
    for weight in student.trainable_weights:  # The converter would leave out layers of zeros.
        weight.assign_add(np.full(weight.shape, 0.01, "float32"))
    kp.mobile.to_tflite(student, tmp_path / "a.tflite", precision=precision)
    kp.mobile.check_file(tmp_path / "a.tflite", precision=precision)


@pytest.mark.slow
def test_the_training_snippet_beats_bicubic_clearly(tmp_path, monkeypatch, capsys):
    pytest.importorskip("skimage")
    monkeypatch.chdir(tmp_path)
    write_photographs(tmp_path / "photos", "train")
    write_photographs(tmp_path / "Set5" / "HR", "test")
    exec(compile(TRAINING, "README.md", "exec"), {})
    bicubic, student = map(float, capsys.readouterr().out.split()[-2:])
    assert student > bicubic + 0.5
