"""`benchmarks/horkd_convergence` trains as the recipe does: the same batches, the same steps."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_pisr as kp
from horkd.run import alone, crossentropy
from tests.recipes.horkd.small import settings

if keras.backend.backend() != "jax":
    pytest.skip("the benchmark runs on JAX", allow_module_level=True)
jax = pytest.importorskip("jax")
pytestmark = pytest.mark.core
FOLDER = Path(__file__).parents[3] / "benchmarks" / "horkd_convergence"


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return kp.data.LabelledImages(
        rng.integers(0, 256, (40, 8, 12, 1), dtype=np.uint8), np.arange(40) % 5
    )


@pytest.mark.parametrize("lr_size,per_class", [((2, 3), 4), ((4, 6), None), ((8, 12), None)])
def test_batches_are_those_of_the_recipe(images, lr_size, per_class):
    from feed import Feed

    made = settings("classification", None, batch_size=8, flip=True, shift=3, per_class=per_class)
    feed = Feed(images, made, lr_size, seeds=(3, 5))
    draws = feed.draws(1, 2)
    assert draws.shape == (2 * feed.steps_per_epoch, 2, 4, 8)
    batch = jax.jit(feed.batch)
    for place, seed in enumerate(feed.seeds):
        recipe = kp.data.RecognitionSequence(
            images,
            lr_size=lr_size,
            batch_size=8,
            per_class=per_class,
            flip=True,
            shift=3,
            seed=seed,
            first_epoch=1,
        )
        for step in range(3):
            lr, guide = batch(feed.images, feed.labels, draws[step, place])
            expected, theirs = recipe[step]
            np.testing.assert_array_equal(np.round(255 * lr), np.round(255 * expected))
            np.testing.assert_array_equal(np.round(255 * guide["hr"]), np.round(255 * theirs["hr"]))
            np.testing.assert_array_equal(guide["label"], theirs["label"])


@pytest.mark.parametrize("size,strides", [((7, 7), (2, 2)), ((3, 3), (2, 2)), ((1, 1), (2, 2))])
def test_convolution_by_products_is_that_of_keras(size, strides):
    from convolutions import by_matmul

    rng = np.random.default_rng(0)
    images = rng.standard_normal((6, 9, 14, 3)).astype("float32")
    kernel = rng.standard_normal((*size, 3, 4)).astype("float32")
    expected = keras.ops.conv(images, kernel, strides=strides, padding="same")
    found = jax.jit(lambda *of: by_matmul(*of, strides=strides, padding="same"))(images, kernel)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_steps_of_every_replica_are_those_of_the_recipe(images):
    from feed import Feed
    from replicas import Replicas

    from horkd.networks import Networks

    small = {"batch_size": 8, "shift": 2, "flip": True, "teacher_widths": (6,)}
    made = settings("classification", None, **small).resolved()
    networks = Networks(made, 5, 1)
    teacher = networks.teacher()
    seeds, loss = (0, 1), crossentropy(5, 0.1)
    rows = [{"logits": 1.0, "individual": 1.0, "distance": 25.0, "angle": 50.0}, {}]

    def distiller(weights, optimizer, student=None):
        student = student or networks.assistant()
        if not weights:
            made = alone(student, student_sees="hr")[1]
        else:
            losses = {"logits": kp.losses.LogitLoss(4.0)}
            made = kp.distillers.HybridOrderDistiller(
                student=student,
                teacher=teacher,
                student_sees="hr",
                distillation_loss_weights=weights,
                distillation_losses=losses,
            )
        made.compile(optimizer=optimizer, loss=loss)
        return made

    feed = Feed(images, made, (2, 3), seeds)
    ones = dict.fromkeys(rows[0], 1.0)
    replicas = Replicas(
        lambda: distiller(ones, keras.optimizers.Adam(1.0)),
        feed,
        len(rows),
        own_guide=False,
        scored=images.images,
        output="logits",
        steps=feed.steps_per_epoch,
        way="matmul",
    ).compile()
    points = []
    state = replicas.train(
        replicas.initial(),
        teacher.get_weights(),
        made,
        1,
        [(row, False) for row in rows],
        points={1},
        score=lambda epoch, outputs, losses: points.append((np.asarray(outputs), losses)),
    )
    weights = replicas.weights(state)
    for i, j in ((0, 1), (1, 0)):
        seed, row = seeds[i], rows[j]
        keras.utils.set_random_seed(seed)
        student = networks.assistant()
        optimizer = kp.optimizers.scheduled(
            feed.steps_per_epoch,
            optimizer=keras.optimizers.Adam,
            learning_rate=made.learning_rate,
            final_learning_rate=made.final_learning_rate,
            warmup_steps=made.warmup_steps,
            averaging=0.0,
        )
        recipe = distiller(row, optimizer, student)
        batches = kp.data.RecognitionSequence(
            images, lr_size=(2, 3), batch_size=8, flip=True, shift=2, seed=seed
        )
        history = recipe.fit(batches, shuffle=False, verbose=0).history
        np.testing.assert_allclose(points[0][1][i, j], history["loss"][0], rtol=1e-3)
        for ours, theirs in zip(weights, student.get_weights(), strict=True):
            np.testing.assert_allclose(ours[i, j], theirs, rtol=1e-2, atol=2e-4)
        expected = student.predict(images.images / np.float32(255), verbose=0)["logits"]
        np.testing.assert_allclose(points[0][0][i, j], expected, rtol=1e-2, atol=1e-2)


@pytest.mark.slow
def test_the_command_trains_and_writes_its_results(tmp_path):
    out = tmp_path / "results.json"
    command = [sys.executable, FOLDER / "run.py", "pretrain", "letters", "--small"]
    lengths = ["--epochs", "1", "--teacher-epochs", "1"]
    subprocess.run([*command, *lengths, "--runs", tmp_path / "runs", "--out", out], check=True)
    parts = json.loads(out.read_text())["pretrain"]["parts"]
    assert list(parts) == ["teacher", "assistants"]
    trained = tmp_path / "runs" / "pretrain_classification"
    assert {path.name for path in trained.glob("*.keras")} == {
        "teacher.keras",
        "assistant_horkd_123.keras",
    }
