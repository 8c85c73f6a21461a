"""The results file of a task, which several runs share."""

import dataclasses
import json

import jax
import numpy as np

from horkd.scores import SCORES, score
from keras_pisr.atomic import atomic_path
from runs.run_folder import environment, plain


class ResultsFile:
    """What a run has measured so far, and what was measured before.

    Args:
        path: The file.
        what: What is run; see `parts.parts_of`.
        settings: The recipe's, resolved.
        way: See `convolutions`.
        images: How many images there are, by use.

    Raises:
        ValueError: The file holds this run with other settings.
    """

    def __init__(self, path, what, settings, *, way, images):
        self.path, self.what, self.task = path, what, settings.task
        self.found = json.loads(path.read_text()) if path.exists() else {}
        self.run = self.found.setdefault(what, {"settings": None, "parts": {}, "rows": {}})
        now = plain(dataclasses.asdict(settings)) | {
            "out": None,
            "data": settings.data and settings.data.name,
        }
        if self.run["settings"] not in (None, now):
            raise ValueError(f"{path} holds `{what}` with other settings; give another --out.")
        self.run["settings"] = now
        self.run["environment"] = environment()
        self.run["card"] = jax.devices()[0].device_kind
        self.run["convolutions"] = way
        self.run["images"] = images

    def add(self, part, points, *, epochs, steps, seconds):
        """Note the curves of a part, one dict from rows to points per time, and write the file."""
        for row in part.rows:
            name = f"assistant_{row}" if part.kind == "assistants" else row
            if part.lr_factor:
                name = f"{name}, LR smaller by {part.lr_factor}"
            self.run["rows"][name] = [point[row] for point in points]
        self.run["parts"][part.name] = {"epochs": epochs, "steps": steps, "seconds": seconds}
        # Another run may have written the file meanwhile.
        found = json.loads(self.path.read_text()) if self.path.exists() else {}
        found |= {"task": self.task, self.what: self.run}
        with atomic_path(self.path) as temporary:
            temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    def best(self):
        """Of "tune": from method to the row that is best over the last points of its curve."""
        main = SCORES[self.task][0]
        rows = self.found.get("tune", {}).get("rows", {})
        if not any(name.startswith("rkd: ") for name in rows):
            raise ValueError(f"{self.path} holds no finished `tune`: run that first.")

        def value(name):
            last = rows[name][-3:]
            return np.mean([seed[main] for point in last for seed in point["scores"].values()])

        return {
            method: max((name for name in rows if name.startswith(f"{method}: ")), key=value)
            for method in ("horkd_123", "rkd")
        }


def points_of(rows, seeds, outputs, losses, *, kind, task, labels, epoch, steps):
    """One point of every row's curve.

    Args:
        rows: Names of the rows.
        seeds: The seeds.
        outputs: Outputs of the scored images, `(seeds, rows, images, ...)`.
        losses: Mean losses, `(seeds, rows)`.
        kind: What the outputs are, "logits" or "embedding".
        task: The task that is scored.
        labels: Labels of the scored images, `(images,)`.
        epoch: Epochs so far.
        steps: Optimizer steps so far.
    """
    return {
        row: {
            "epoch": epoch,
            "steps": steps,
            "loss": {str(seed): round(float(losses[i, at]), 5) for i, seed in enumerate(seeds)},
            "scores": {
                str(seed): {
                    name: round(value, 6)
                    for name, value in score(task, {kind: outputs[i, at]}, labels).items()
                }
                for i, seed in enumerate(seeds)
            },
        }
        for at, row in enumerate(rows)
    }
