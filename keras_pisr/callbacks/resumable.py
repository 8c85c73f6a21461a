"""Continue a killed run where its last whole epoch ended."""

import json
import time
from pathlib import Path

import keras

from keras_pisr.atomic import atomic_path


class Resumable(keras.callbacks.Callback):
    """Keeps weights, optimizer state and history of the last whole epoch in a folder.

    Unlike `keras.callbacks.BackupAndRestore` it tells the epoch to start from before `fit`,
    so that the data can start there too, and it keeps the history of the whole run.

    Every epoch is written under a new name and becomes current by one rename: a run killed
    while writing continues from the epoch before.

    Args:
        folder: Where the state lies; made if absent. One a run.

    Attributes:
        history: Dict from log name to its values, one an epoch, since the first run; with
            the duration of each epoch as `seconds`.

    Raises:
        ValueError: By `restore`, if the state does not fit the model or cannot be read.

    Example:
        resumable = kp.callbacks.Resumable("runs/x2/student")
        epoch = resumable.restore(distiller)
        distiller.fit(data_from(epoch), epochs=100, initial_epoch=epoch, callbacks=[resumable])
    """

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)
        self.history = {}

    @property
    def state_file(self):
        """The file that names the current weights."""
        return self.folder / "state.json"

    def restore(self, model):
        """Load the last whole epoch into `model`, compiled and built.

        Returns:
            The number of epochs done: 0 if there is nothing to continue.
        """
        if not self.state_file.exists():
            return 0
        model.optimizer.build(model.trainable_variables)
        try:
            state = json.loads(self.state_file.read_text())
            model.load_weights(self.folder / Path(state["weights"]).name)
        except (OSError, KeyError, ValueError) as error:
            raise ValueError(
                f"Cannot continue from {self.folder}: {error}. Delete the folder to start over."
            ) from error
        self.history = state["history"]
        return state["epochs_done"]

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self.started = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Write the state of the epoch, then drop the one before."""
        for name, value in {**(logs or {}), "seconds": time.monotonic() - self.started}.items():
            self.history.setdefault(name, []).append(float(value))
        self.folder.mkdir(parents=True, exist_ok=True)
        weights = self.folder / f"epoch_{epoch + 1:05d}.weights.h5"
        self.model.save_weights(weights, overwrite=True)
        state = {"epochs_done": epoch + 1, "weights": weights.name, "history": self.history}
        with atomic_path(self.state_file) as temporary:
            temporary.write_text(json.dumps(state, indent=1))
        for old in self.folder.glob("epoch_*.weights.h5"):
            if old != weights:
                old.unlink()
