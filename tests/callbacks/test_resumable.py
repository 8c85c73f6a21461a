import json

import keras
import numpy as np
import pytest

from keras_pisr.callbacks import Resumable
from tests.distillers.small import pairs, stage_2

pytestmark = pytest.mark.core


class Killed(keras.callbacks.Callback):
    """Ends the process, so to speak, while an epoch is under way."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


def compiled():
    distiller = stage_2()
    distiller.compile(keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.8), loss="mae")
    return distiller


def fit(distiller, folder, *callbacks):
    resumable = Resumable(folder)
    epoch = resumable.restore(distiller)
    distiller.fit(
        *pairs(),
        batch_size=2,
        shuffle=False,
        epochs=4,
        initial_epoch=epoch,
        verbose=0,
        callbacks=[resumable, *callbacks],
    )
    return epoch, resumable


def test_a_killed_run_ends_where_an_unbroken_one_does(tmp_path):
    unbroken = compiled()
    _, complete = fit(unbroken, tmp_path / "unbroken")

    with pytest.raises(KeyboardInterrupt):
        fit(compiled(), tmp_path / "killed", Killed(2))
    continued = compiled()
    epoch, resumable = fit(continued, tmp_path / "killed")

    assert epoch == 2
    for a, b in zip(unbroken.student.get_weights(), continued.student.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(resumable.history["loss"]) == 4
    np.testing.assert_allclose(resumable.history["loss"], complete.history["loss"], rtol=1e-6)


def test_only_the_last_epoch_is_kept(tmp_path):
    fit(compiled(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "epoch_00004.weights.h5",
        "state.json",
    ]


def test_an_empty_folder_starts_at_the_beginning(tmp_path):
    assert Resumable(tmp_path / "absent").restore(compiled()) == 0


def test_a_finished_run_takes_no_step(tmp_path):
    first = compiled()
    fit(first, tmp_path)
    again = compiled()
    assert fit(again, tmp_path)[0] == 4
    for a, b in zip(first.student.get_weights(), again.student.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_damaged_state_names_its_folder(tmp_path):
    fit(compiled(), tmp_path)
    (tmp_path / "epoch_00004.weights.h5").write_bytes(b"no weights")
    with pytest.raises(ValueError, match=f"Cannot continue from {tmp_path}"):
        Resumable(tmp_path).restore(compiled())


def test_weights_outside_the_folder_are_not_read(tmp_path):
    fit(compiled(), tmp_path / "run")
    state_file = tmp_path / "run" / "state.json"
    state = json.loads(state_file.read_text())
    state["weights"] = "../elsewhere.weights.h5"
    state_file.write_text(json.dumps(state))
    (tmp_path / "run" / "epoch_00004.weights.h5").rename(tmp_path / "elsewhere.weights.h5")
    with pytest.raises(ValueError, match="Cannot continue"):
        Resumable(tmp_path / "run").restore(compiled())


@pytest.mark.parametrize(
    "change",
    [
        {"epochs_done": "4"},
        {"epochs_done": 0},
        {"weights": None},
        {"history": []},
        {"history": {"loss": "many"}},
    ],
)
def test_a_state_of_wrong_types_is_named(tmp_path, change):
    fit(compiled(), tmp_path)
    state = json.loads((tmp_path / "state.json").read_text())
    (tmp_path / "state.json").write_text(json.dumps(state | change))
    with pytest.raises(
        ValueError, match=rf"Cannot continue from .*state.json: .*{[*change][0]}|loss"
    ):
        Resumable(tmp_path).restore(compiled())


def test_a_loss_that_is_no_number_ends_the_run_with_the_last_good_epoch(tmp_path):
    class Spoil(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                weight = self.model.student.trainable_weights[0]
                weight.assign(np.full(weight.shape, np.nan))

    with pytest.raises(ValueError, match="failed in epoch 3: .*loss.* last good epoch, 2, is kept"):
        fit(compiled(), tmp_path, Spoil())
    state = json.loads((tmp_path / "state.json").read_text())
    assert state["epochs_done"] == 2 and len(state["history"]["loss"]) == 2
    assert np.isfinite(state["history"]["loss"]).all()
    assert fit(compiled(), tmp_path)[0] == 2
