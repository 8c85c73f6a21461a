"""`benchmarks/horkd_convergence/short_weights.py`: weights of the relations in short runs."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

if keras.backend.backend() != "tensorflow":
    pytest.skip("the benchmark runs on TensorFlow", allow_module_level=True)
FOLDER = Path(__file__).parents[3] / "benchmarks" / "horkd_convergence"
pytestmark = pytest.mark.slow


@pytest.fixture
def importable(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])


def test_fading_relations_end_at_zero(importable):
    from short_weights import FadingDistiller

    from horkd.networks import Networks
    from tests.recipes.horkd.small import settings

    networks = Networks(settings("classification", None).resolved(), 3, 1)
    distiller = FadingDistiller(
        steps=4,
        teacher=networks.teacher(),
        student=networks.assistant(),
        student_sees="hr",
        distillation_loss_weights={"logits": 1.0, "distance": 25.0, "angle": 50.0},
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    distiller.compile(optimizer=keras.optimizers.SGD(0.0), loss=loss)
    images = np.random.default_rng(0).random((6, 8, 8, 1), dtype="float32")
    y = {"hr": images, "label": np.arange(6) % 3}
    logs = [distiller.train_on_batch(images, y, return_dict=True) for _ in range(5)]
    assert float(logs[0]["distance"]) > 0
    fading = [1, 0.75, 0.5, 0.25, 0]
    for term, shares in {"logits": [1] * 5, "distance": fading, "angle": fading}.items():
        of_steps = [float(log[term]) for log in logs]
        expected = np.multiply(shares, of_steps[0])
        np.testing.assert_allclose(of_steps, expected, rtol=0.01, atol=1e-6, err_msg=term)


def test_changes_of_the_weights_are_trained_and_scored_on_held_out_images(tmp_path):
    rng, trained = np.random.default_rng(0), []
    for label in range(8):
        folder = tmp_path / "images" / f"class_{label}"
        folder.mkdir(parents=True)
        for index in range(8):
            pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{index}.png")
    command = [sys.executable, FOLDER / "short_weights.py", tmp_path / "images"]
    options = ["--task", "classification", "--methods", "horkd_123", "--epochs", "2"]
    folders = ["--runs", tmp_path / "runs", "--out", tmp_path / "out"]
    for changes in (["as in the tables"], ["relations fade"], ["as in the tables"]):
        done = subprocess.run(
            [*map(str, [*command, *options, "--changes", *changes, *folders])],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        trained.append("steps/s" in done.stdout + done.stderr)
    assert trained == [True, True, False]
    tune = json.loads((tmp_path / "out" / "classification.json").read_text())["tune"]
    assert tune["images"] == {"training": 48, "scored": 8}
    rows = tune["rows"]
    assert list(rows) == ["teacher", "horkd_123: as in the tables", "horkd_123: relations fade"]
    weights = [
        tmp_path / "runs" / "classification" / "validation" / f"horkd_123_{change}" / "seed_0"
        for change in ("as_in_the_tables", "relations_fade")
    ]
    models = [keras.saving.load_model(folder / "student.keras").get_weights() for folder in weights]
    assert any(not np.array_equal(a, b) for a, b in zip(*models, strict=True))
