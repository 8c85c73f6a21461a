"""Weights of trained networks, as files."""

import contextlib

import numpy as np

from keras_pisr.atomic import atomic_path


class TrainedWeights:
    """Weights of the parts of a run, one file per part.

    Args:
        runs: Folder for all runs.
        what: What is run; see `parts.parts_of`.
        task: The task.
    """

    def __init__(self, runs, what, task):
        self.runs, self.what, self.task = runs, what, task

    def folder(self, name):
        """Where the weights of a part lie: those of "curves" serve "tuned" and "sizes" too."""
        own = self.what in ("tune", "pretrain") or name.startswith("tuned")
        return self.runs / f"{self.what if own else 'curves'}_{self.task}"

    def save(self, part, weights, model):
        """Write the weights of all networks of a part, and those of the first seed for Keras.

        Args:
            part: A `Part`.
            weights: In the order of `model.get_weights`, each `(seeds, rows, ...)`.
            model: A network of the part; its weights are replaced.
        """
        arrays = {f"{i:04d}": np.asarray(value) for i, value in enumerate(weights)}
        with atomic_path(self.folder(part.name) / f"{part.name}.npz") as temporary:
            np.savez(temporary, rows=np.array(list(part.rows)), **arrays)
        for place, row in enumerate(part.rows):
            if row in ("teacher", "horkd_123"):
                model.set_weights([value[0, place] for value in arrays.values()])
                name = "teacher" if row == "teacher" else f"assistant_{row}"
                with atomic_path(self.folder(part.name) / f"{name}.keras") as temporary:
                    model.save(temporary)

    def load(self, name, rows):
        """Weights `(seeds, rows, ...)` of a trained part."""
        path = self.folder(name) / f"{name}.npz"
        if not path.exists():
            raise ValueError(f"{path} is missing: run `curves` with the same --runs first.")
        with contextlib.closing(np.load(path)) as file:
            names = file["rows"].tolist()
            places = [names.index(row) for row in rows]
            return [file[key][:, places] for key in sorted(file.files) if key != "rows"]
