"""Scores a preset for JPEG on compressed and on clean images.

    python benchmarks/inference/jpeg.py DATA/benchmarks docs/results/jpeg.json

The program scores bicubic interpolation, the presets for JPEG and those that they started from by
the protocol of `keras-pisr evaluate`, on clean LR images and on LR images that were saved as JPEG
of several qualities. It prints the table of docs/results.md, and takes some minutes on one CPU
core.
"""

import json
from pathlib import Path
from typing import Annotated

import tyro

import keras_pisr as kp
from keras_pisr.atomic import atomic_path

PRESETS = (
    "bicubic",
    "plain_sr_x2_small",
    "plain_sr_x2_small_jpeg",
    "plain_sr_x2_medium",
    "plain_sr_x2_medium_jpeg",
)
SETS = ("Set5", "Set14", "B100")
QUALITIES = (30, 60, 90, None)


def main(
    benchmarks: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="BENCHMARKS")],
    out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT.json")],
):
    """Score the presets on clean and on compressed images.

    Args:
        benchmarks: Folder that holds Set5, Set14 and B100.
        out: File for the figures.
    """
    models = {name: name if name == "bicubic" else kp.from_preset(name) for name in PRESETS}
    found = {}
    for quality in QUALITIES:
        label = "clean" if quality is None else f"jpeg:{quality}"
        degrade = None if quality is None else label
        found[label] = {
            name: {
                test: kp.evaluate(model, benchmarks / test, scale=2, degrade=degrade).psnr
                for test in SETS
            }
            for name, model in models.items()
        }
    command = "python benchmarks/inference/jpeg.py DATA/benchmarks docs/results/jpeg.json"
    with atomic_path(out) as temporary:
        temporary.write_text(json.dumps({"command": command, "psnr": found}, indent=1) + "\n")
    print("| " + " / ".join(SETS) + ", dB | " + " | ".join(found) + " |")
    for name in PRESETS:
        cells = [" / ".join(f"{found[label][name][test]:.2f}" for test in SETS) for label in found]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    tyro.cli(main)
