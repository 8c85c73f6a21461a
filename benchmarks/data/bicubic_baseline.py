"""Bicubic scores of the benchmark sets, the baseline of every table.

    python benchmarks/data/bicubic_baseline.py DATA docs/results/bicubic.json

DATA holds one folder per set, each with `HR/` and, if published, `LR_bicubic/X{2,3,4}/`. The
program writes PSNR and SSIM of each set and scale, and prints them as the Markdown table of
docs/evaluation.md. It needs no backend, and takes 8 s for Set5, Set14 and B100 on two CPU cores.
"""

import json
from pathlib import Path
from typing import Annotated

import tyro

from keras_pisr.atomic import atomic_path
from keras_pisr.evaluation.evaluate import evaluate

SETS = ("Set5", "Set14", "B100", "Urban100")
SCALES = (2, 3, 4)


def markdown(results):
    """The table of docs/evaluation.md, made from the results file."""
    names = list(results["scores"])
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for scale in SCALES:
        cells = [results["scores"][name][f"x{scale}"] for name in names]
        cells = [f"{cell['psnr']:.2f} / {cell['ssim']:.4f}" for cell in cells]
        lines.append(f"| x{scale} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(
    data: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="DATA")],
    out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT.json")],
):
    """Score bicubic enlargement on the benchmark sets found under DATA."""
    results = {"command": "python benchmarks/data/bicubic_baseline.py DATA OUT.json", "scores": {}}
    for name in SETS:
        if not (data / name).is_dir():
            print(f"{data / name} is absent: left out")
            continue
        for scale in SCALES:
            evaluation = evaluate("bicubic", data / name, scale=scale).to_dict()
            scores = {key: round(evaluation[key], 6) for key in ("psnr", "ssim")}
            scores |= {"images": len(evaluation["images"]), "lr": evaluation["lr"]}
            results["scores"].setdefault(name, {})[f"x{scale}"] = scores
            results |= {key: evaluation[key] for key in ("protocol", "versions")}
    with atomic_path(out) as temporary:
        temporary.write_text(json.dumps(results, indent=2) + "\n")
    print(markdown(results))


if __name__ == "__main__":
    tyro.cli(main)
