"""Scores the shipped presets on drawings: text, shapes, patterns, noise.

    python benchmarks/inference/drawings.py docs/results/drawings.json

The program makes ten drawings of each kind, with a seed with which no preset was trained, and
scores them like `keras-pisr evaluate`. They are *shrunk* by the bicubic of the protocol, as in
training, or *as drawn*, as a screen shows them; the reference is then the same image with larger
pixels. The program prints the table of docs/results.md. It takes a minute on one CPU core.
"""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

import keras_pisr as kp
from keras_pisr.atomic import atomic_path
from keras_pisr.presets import CATALOG

KINDS = ("text", "shapes", "pattern", "noise")
EACH, SIZE, SEED = 10, 192, 1_000_000


def write_sets(folder, scale):
    """Folders of the drawings for one factor, by name."""
    drawings = kp.data.draw_images(len(KINDS) * EACH, size=SIZE, seed=SEED)
    for name, image in drawings.items():
        large = image.repeat(scale, 0).repeat(scale, 1)
        kp.data.write_image(folder / "shrunk" / "HR" / f"{name}.png", image)
        kp.data.write_image(folder / "as drawn" / "HR" / f"{name}.png", large)
        lr = folder / "as drawn" / "LR_bicubic" / f"X{scale}"
        kp.data.write_image(lr / f"{name}.png", image)
    return {name: folder / name for name in ("shrunk", "as drawn")}


def mean_psnr(evaluation):
    """Mean PSNR of each kind, dB."""
    rows = evaluation.rows
    return {
        kind: round(float(np.mean([row.psnr for row in rows if row.name.startswith(kind)])), 4)
        for kind in KINDS
    }


def main(out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT.json")]):
    """Score bicubic and every preset on drawings."""
    command = "python benchmarks/inference/drawings.py OUT.json"
    results = {"command": command, "seed": SEED, "scores": {}}
    for scale in sorted({entry["scale"] for entry in CATALOG.values()}):
        names = [name for name, entry in CATALOG.items() if entry["scale"] == scale]
        rows = {f"bicubic x{scale}": "bicubic"} | {name: kp.from_preset(name) for name in names}
        with tempfile.TemporaryDirectory() as folder:
            sets = write_sets(Path(folder), scale)
            for name, model in rows.items():
                evaluations = {
                    which: kp.evaluate(model, sets[which], scale=scale, progress=False)
                    for which in sets
                }
                row = {which: mean_psnr(evaluation) for which, evaluation in evaluations.items()}
                results["scores"][name] = row
                cells = [f"{score:.2f}" for kinds in row.values() for score in kinds.values()]
                label = name if model == "bicubic" else f"`{name}`"
                print(f"| {label} | " + " | ".join(cells) + " |")
        results["versions"] = evaluations["shrunk"].to_dict()["versions"]
    with atomic_path(out) as temporary:
        temporary.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
