"""Whole runs: what they leave behind, and how they continue."""

import json

import keras
import numpy as np
import pytest

import keras_pisr as kp
from horkd import run as horkd
from horkd import scores as horkd_scores
from horkd.methods import LABELS
from tests.recipes.horkd.small import settings

pytest.importorskip("tensorflow")
TASKS = ["classification", "retrieval", "faces"]


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


def test_a_wrong_pretrained_network_is_found_before_anything_is_trained(tmp_path):
    missing = settings("faces", tmp_path / "run", pretrained_assistant=tmp_path / "no.keras")
    with pytest.raises(FileNotFoundError, match="no.keras"):
        horkd.run(missing)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"batch_size": 64}, "give --batch-size 12 or less"), ({"shift": 16}, "`shift` 16")],
)
def test_batches_that_cannot_be_made_leave_no_folder(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        horkd.run(settings("faces", tmp_path / "run", **changes))
    assert not (tmp_path / "run").exists()


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


def test_scores_of_another_command_on_the_same_seed_stay(tmp_path, monkeypatch):
    path = tmp_path / "run" / "seed_0" / "scores.json"
    other = {"kd": dict.fromkeys(horkd_scores.SCORES["retrieval"], 0.5)}

    def train(stages, name, teacher, networks):
        path.write_text(json.dumps(other))
        return {name: networks.student()}

    monkeypatch.setattr(horkd, "train_method", train)
    results = horkd.run(settings("retrieval", tmp_path / "run", methods=("plain",), epochs=1))
    scores = json.loads(path.read_text())
    assert set(scores) == {"kd", "plain"} and scores["kd"] == other["kd"]
    assert results["runs"]["0"] == scores


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
    with pytest.raises(ValueError, match="angle_weight was 15.0, now 1.0"):
        horkd.run(settings("classification", out, angle_weight=1.0, resume=True))
