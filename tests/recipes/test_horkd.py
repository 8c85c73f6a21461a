import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_pisr as kp
from horkd import data as horkd_data
from horkd import run as horkd
from horkd import scores as horkd_scores
from horkd.methods import LABELS, ROWS
from horkd.networks import Networks
from horkd.settings import METHODS, Settings

RECIPES = Path(__file__).resolve().parents[2] / "recipes"

pytest.importorskip("tensorflow")
TASKS = ["classification", "retrieval", "faces"]


@pytest.fixture(autouse=True)
def few_small_letters(monkeypatch):
    """The embedded letters, cut down to what a test can afford."""
    few = kp.data.LabelledImages.from_glyphs(size=(16, 16), styles=2, classes=5)
    monkeypatch.setattr(kp.data.LabelledImages, "from_glyphs", lambda **kwargs: few)


def settings(task, out, **changes):
    tiny = {
        "epochs": 2,
        "teacher_epochs": 1,
        "batch_size": 8,
        "teacher_widths": (4, 6),
        "widths": (4, 4),
        "methods": ("plain", "horkd_123"),
    }
    return Settings(task=task, out=out, **{**tiny, **changes})


def weights(path):
    return keras.saving.load_model(path).get_weights()


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_ends_with_a_table_pictures_curves_and_loadable_students(task, tmp_path, capsys):
    out = tmp_path / "run"
    results = horkd.run(settings(task, out))
    assert results == json.loads((out / "results.json").read_text())
    assert set(results["rows"]) == {"teacher", "plain", "horkd_123", "assistant_horkd_123"}
    for scores in results["rows"].values():
        assert set(scores) == set(horkd_scores.SCORES[task])
        assert all(0 <= score["mean"] <= 1 for score in scores.values())
    printed = capsys.readouterr().out
    for row, scores in results["rows"].items():
        assert LABELS[row].split()[0] in printed
        assert all(f"{100 * score['mean']:.1f}" in printed for score in scores.values())
    for picture in ("retrieved_plain.png", "retrieved_horkd_123.png", "embeddings.png"):
        assert (out / picture).stat().st_size > 1000
    assert (out / "seed_0" / "curves.png").exists()
    student = keras.saving.load_model(out / "seed_0" / "horkd_123.keras")
    assert student(np.zeros((1, 4, 4, 1)))["embedding"].shape == (1, 4)


class Untrained:
    """Stages that build and train nothing, and remember what they were asked for."""

    def __init__(self, settings):
        self.settings = settings
        self.asked = {}

    def train(self, name, build, epochs):
        model, distiller = build()
        self.asked[name] = distiller, epochs
        return model


@pytest.mark.parametrize("schedule", ["sequential", "joint"])
@pytest.mark.parametrize("name", METHODS)
def test_every_method_trains_what_its_row_says(name, schedule):
    made = settings("classification", None, schedule=schedule).resolved()
    networks, method = Networks(made, 5, 1), ROWS[name]
    stages = Untrained(made)
    models = horkd.train_method(stages, name, networks.teacher(), networks)
    student, epochs = stages.asked[name]
    assert models[name] is student.student
    assert set(student.weights_of_terms) == set(method.terms)
    assert student.student_sees == "lr"
    first = stages.asked.get(f"assistant_{name}")
    joint = schedule == "joint" and method.assistant and bool(method.terms)
    assert student.joint == joint
    assert (first is not None) == (method.assistant and not joint)
    if first is not None:
        assert first[0].student_sees == "hr" and first[0].sources == ["teacher"]
        assert student.sources == ["assistant"]
        assert first[0].weights_of_terms == student.weights_of_terms
    # Steps of training on HR and LR images together, the same for every way to spend them.
    total = epochs + (first[1] if first else 0)
    assert total == made.epochs * (2 if method.assistant or name == "plain_long" else 1)


def resnet(channels, classes, widths=(4, 6), **kwargs):
    return kp.models.ResNet(
        classes, blocks=(1, 1), widths=widths, stem="large", channels=channels, **kwargs
    )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("role", ["teacher", "assistant"])
def test_a_network_starts_from_one_of_other_classes(role, channels, tmp_path):
    pretrained = resnet(channels, classes=7)
    pretrained.save(tmp_path / "saved.keras")
    paths = {f"pretrained_{role}": tmp_path / "saved.keras"}
    made = settings("faces", None, widths=(4, 6), **paths).resolved()
    started = getattr(Networks(made, 5, 1), role)()
    gray = np.random.default_rng(0).random((2, 16, 16, 1)).astype("float32")
    expected = pretrained(np.repeat(gray, channels, axis=-1))["embedding"]
    np.testing.assert_allclose(started(gray)["embedding"], expected, rtol=1e-4, atol=1e-5)
    assert started(gray)["logits"].shape == (2, 5)


def test_a_network_of_another_architecture_is_no_start(tmp_path):
    resnet(1, classes=7, widths=(4, 8)).save(tmp_path / "saved.keras")
    made = settings("faces", None, pretrained_teacher=tmp_path / "saved.keras").resolved()
    with pytest.raises(ValueError, match="same widths"):
        Networks(made, 5, 1).teacher()


def test_a_wrong_pretrained_network_is_found_before_anything_is_trained(tmp_path):
    missing = settings("faces", tmp_path / "run", pretrained_assistant=tmp_path / "no.keras")
    with pytest.raises(FileNotFoundError, match="no.keras"):
        horkd.run(missing)
    assert not (tmp_path / "run").exists()


def test_all_methods_are_every_row_of_the_table():
    assert settings("faces", None, methods=("all",)).resolved().methods == METHODS


def test_label_smoothing_by_hand():
    logits = keras.ops.convert_to_tensor([[0.0, np.log(3.0)]])
    # Probabilities 1/4 and 3/4; the target (0, 1), then (0.1, 0.9).
    for smoothing, expected in [(0.0, np.log(4 / 3)), (0.2, 0.1 * np.log(4) + 0.9 * np.log(4 / 3))]:
        loss = horkd.crossentropy(2, smoothing)(np.array([1]), logits)
        np.testing.assert_allclose(loss, [expected], rtol=1e-6)


def test_rank_1_is_the_mean_over_who_is_enrolled():
    embeddings = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [0.1, 1.0]])
    # The second image of class 0 is taken for class 1 where the first ones are enrolled; with
    # the second ones enrolled, both probes are right.
    assert horkd_scores.mean_identification_rate(embeddings, np.array([0, 0, 1, 1])) == 0.75


@pytest.mark.slow
def test_a_resumed_run_trains_nothing_twice_and_adds_what_is_new(tmp_path):
    out = tmp_path / "run"
    first = horkd.run(settings("retrieval", out, methods=("plain",)))
    before = weights(out / "seed_0" / "plain.keras")
    again = horkd.run(settings("retrieval", out, methods=("plain", "kd"), resume=True))
    assert again["rows"]["plain"] == first["rows"]["plain"]
    assert "kd" in again["rows"]
    after = weights(out / "seed_0" / "plain.keras")
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.slow
def test_a_killed_method_continues_with_the_batches_it_has_not_seen(tmp_path, monkeypatch):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    options = {"methods": ("plain",), "epochs": 3}
    horkd.run(settings("classification", whole, **options))

    class Stop(Exception):
        pass

    def stop(self, epoch, logs=None):
        original(self, epoch, logs)
        if "plain" in str(self.folder) and epoch == 0:
            raise Stop

    original = kp.callbacks.Resumable.on_epoch_end
    monkeypatch.setattr(kp.callbacks.Resumable, "on_epoch_end", stop)
    with pytest.raises(Stop):
        horkd.run(settings("classification", killed, **options))
    monkeypatch.setattr(kp.callbacks.Resumable, "on_epoch_end", original)
    horkd.run(settings("classification", killed, resume=True, **options))
    for a, b in zip(
        weights(whole / "seed_0" / "plain.keras"),
        weights(killed / "seed_0" / "plain.keras"),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.slow
def test_seeds_differ_share_a_teacher_and_give_a_spread(tmp_path):
    out = tmp_path / "run"
    results = horkd.run(settings("retrieval", out, methods=("plain",), seeds=(0, 1)))
    assert set(results["runs"]) == {"0", "1"}
    of_seed = [weights(out / f"seed_{seed}" / "plain.keras") for seed in (0, 1)]
    assert not np.array_equal(of_seed[0][0], of_seed[1][0])
    assert results["rows"]["plain"]["map"]["spread"] >= 0
    assert results["rows"]["teacher"]["map"]["spread"] is None


@pytest.mark.slow
def test_jointly_there_is_no_first_step(tmp_path):
    out = tmp_path / "run"
    changes = {"methods": ("horkd_12",), "schedule": "joint"}
    results = horkd.run(settings("classification", out, **changes))
    assert set(results["rows"]) == {"teacher", "horkd_12"}
    state = json.loads((out / "seed_0" / "stages" / "horkd_12" / "state.json").read_text())
    assert state["epochs_done"] == 4
    assert "assistant_distance" in state["history"]


@pytest.mark.slow
def test_other_settings_do_not_continue_a_run(tmp_path):
    out = tmp_path / "run"
    horkd.run(settings("classification", out, methods=("plain",)))
    with pytest.raises(ValueError, match="angle_weight was 50.0, now 1.0"):
        horkd.run(settings("classification", out, angle_weight=1.0, resume=True))


# === What is trained and scored on ===


@pytest.mark.parametrize("score_on", ["test", "validation"])
@pytest.mark.parametrize("task", ["retrieval", "faces"])
def test_scored_classes_are_new(task, score_on):
    made = settings(task, None, score_on=score_on, train_classes=4 if score_on != "test" else 3)
    training, scored = horkd_data.load(made.resolved())
    assert not set(training.class_names) & set(scored.class_names)
    assert len(training.class_names) >= 2


def test_classification_scores_other_images_of_the_same_classes():
    training, scored = horkd_data.load(settings("classification", None).resolved())
    assert training.class_names == scored.class_names
    shown = {image.tobytes() for image in training.images}
    assert not any(image.tobytes() in shown for image in scored.images)


def test_validation_images_are_none_of_the_test_images(tmp_path):
    test = horkd_data.load(settings("classification", None).resolved())[1]
    made = settings("classification", None, score_on="validation").resolved()
    for part in horkd_data.load(made):
        shown = {image.tobytes() for image in part.images}
        assert not any(image.tobytes() in shown for image in test.images)


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_or_archive_in_parts_is_split_so(tmp_path, packed):
    rng = np.random.default_rng(0)
    for part, count in [("train", 3), ("val", 2)]:
        for name in ("a", "b"):
            for i in range(count):
                image = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
                kp.data.write_image(tmp_path / "set" / part / name / f"{i}.png", image)
    data = tmp_path / "set"
    if packed:
        import tarfile

        data = tmp_path / "set.tar"
        with tarfile.open(data, "w") as archive:
            archive.add(tmp_path / "set", arcname="set")
    made = Settings(data=data, epochs=1, teacher_epochs=1).resolved()
    training, scored = horkd_data.load(made)
    assert (len(training), len(scored)) == (6, 4)


# === Scores ===


def test_top1_and_top5_by_hand():
    logits = -np.abs(np.arange(8)[None] - np.array([[0.1], [6.9], [0.1]]))
    scores = horkd_scores.score("classification", {"logits": logits}, np.array([0, 4, 7]))
    assert scores == {"top1": 1 / 3, "top5": 2 / 3}


def test_summary_is_mean_and_sample_deviation():
    runs = {"0": {"plain": {"map": 0.1}}, "1": {"plain": {"map": 0.3}}}
    cell = horkd_scores.summary(runs)["plain"]["map"]
    assert cell["seeds"] == 2
    np.testing.assert_allclose([cell["mean"], cell["spread"]], [0.2, 0.02**0.5])


# === The command line ===


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
