"""Continues a killed run after its last whole epoch."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from keras_pisr.atomic import atomic_path

if TYPE_CHECKING:
    import os


LOOK_EVERY = 50  # Number of batches between two checks of the loss.


def checked(state):
    """The content of a state file.

    Raises:
        ValueError: If a part is missing or of another type.
    """
    kinds = {"epochs_done": int, "weights": str, "history": dict}
    for name, kind in kinds.items():
        value = state.get(name) if isinstance(state, dict) else None
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"expected {name} to be of type {kind.__name__}; got {value!r}")
    wrong = [
        name
        for name, values in state["history"].items()
        if not isinstance(values, list) or not all(isinstance(x, int | float) for x in values)
    ]
    if state["epochs_done"] < 1 or wrong:
        names = ", ".join(wrong) or "epochs_done"
        raise ValueError(f"{names} does not fit: expected whole epochs and lists of numbers")
    return state


class Resumable(keras.callbacks.Callback):
    """Keeps weights, optimizer state and history of the last whole epoch in a folder.

    Unlike `keras.callbacks.BackupAndRestore`, it gives the epoch to start from before `fit`, so
    that the data can also start there, and it keeps the history of the whole run.

    Every epoch is written under a new name and becomes current by one rename, so a run that is
    killed while it writes continues from the epoch before.

    Args:
        folder: Folder of the state, made if absent. Each run needs its own.

    Attributes:
        history: Dict from log name to its values, one per epoch since the first run; `seconds`
            holds the duration of each epoch.

    A loss that is not a number (NaN, infinity) ends the run at once, with the last good epoch kept.

    Raises:
        ValueError: By `restore`, if the state does not fit the model or cannot be read; by `fit`,
            if the loss is not a number.

    Example:
        resumable = kp.callbacks.Resumable("runs/x2/student")
        epoch = resumable.restore(distiller)
        distiller.fit(data_from(epoch), epochs=100, initial_epoch=epoch, callbacks=[resumable])
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.history: dict[str, list] = {}

    @property
    def state_file(self) -> Path:
        """The file that names the current weights."""
        return self.folder / "state.json"

    def restore(self, model: keras.Model) -> int:
        """Load the last whole epoch into `model`, compiled and built.

        Returns:
            The number of epochs done: 0 if there is nothing to continue.
        """
        if not self.state_file.exists():
            return 0
        model.optimizer.build(model.trainable_variables)
        try:
            state = checked(json.loads(self.state_file.read_text(encoding="utf-8")))
            model.load_weights(self.folder / Path(state["weights"]).name)
        except (OSError, KeyError, ValueError, RecursionError) as error:
            raise ValueError(
                f"Cannot continue from {self.state_file}: {error}. Delete the folder "
                f"{self.folder} to start over."
            ) from error
        self.history = state["history"]
        return state["epochs_done"]

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the clock."""
        self.started = time.monotonic()
        self.running_epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Check the loss every few batches only, because each check makes an accelerator wait."""
        if batch % LOOK_EVERY == LOOK_EVERY - 1:
            self.check(self.running_epoch, logs)

    def check(self, epoch: int, logs: dict[str, Any] | None) -> None:
        """Stop if a log is not a number."""
        wrong = [name for name, value in (logs or {}).items() if not math.isfinite(float(value))]
        if not wrong:
            return
        kept = f"The last good epoch, {epoch}, is kept in {self.folder}."
        raise ValueError(
            f"Training failed in epoch {epoch + 1}: {', '.join(wrong)} is not a number. "
            + (kept if epoch and self.state_file.exists() else "No epoch was good.")
            + " Start over with a smaller learning rate."
        )

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the state of the epoch, then drop the one before."""
        self.check(epoch, logs)
        for name, value in {**(logs or {}), "seconds": time.monotonic() - self.started}.items():
            self.history.setdefault(name, []).append(float(value))
        self.folder.mkdir(parents=True, exist_ok=True)
        weights = self.folder / f"epoch_{epoch + 1:05d}.weights.h5"
        self.model.save_weights(weights, overwrite=True)
        state = {"epochs_done": epoch + 1, "weights": weights.name, "history": self.history}
        with atomic_path(self.state_file) as temporary:
            temporary.write_text(json.dumps(state, indent=1, allow_nan=False))
        for old in self.folder.glob("epoch_*.weights.h5"):
            if old != weights:
                old.unlink()
