r"""Where does a teacher that sees the HR image pay? A map, one factor at a time, at x2.

    python benchmarks/pisr_map/run.py methods DATA
    python benchmarks/pisr_map/run.py factors DATA --method "the reference's"

`methods` compares ways to teach at the centre of the map: PlainSR small, all images, 4,000 steps
per stage, bicubic. `factors` varies one factor at a time from that centre by one method. Every
student by PISR is compared with the same student alone for as many steps, which is the paper's
comparison, and for all steps of teacher and student together. DATA holds `train/T91` and
`train/BSDS400`; the scores are of 30 of their images that are held out, never of a test set.

Each network is trained once, in a folder of its own below `--runs`; the same command continues
where it was killed, and adds seeds. After each cell, `--out` and the figure beside it are written.
Runs on TensorFlow.
"""

import dataclasses
import json
import os
import sys
import time
from pathlib import Path
from typing import Literal

import tyro
from report import collected, draw, table
from trials import METHODS, factors_map, methods_map

from keras_pisr.atomic import atomic_path

ROOT = Path(__file__).resolve().parents[2]


def main(
    what: tyro.conf.Positional[Literal["methods", "factors"]],
    data: tyro.conf.Positional[Path],
    seeds: tuple[int, ...] = (0, 1),
    method: Literal[(*METHODS,)] = "the reference's",
    runs: Path = Path("runs/pisr_map"),
    out: Path | None = None,
):
    """Train what is missing, cell by cell, and write results, figure and table.

    Args:
        what: Which of the two maps.
        data: Folder with `train/T91` and `train/BSDS400`.
        seeds: Seeds of weights and patches. Cells of all earlier seeds stay in the results.
        method: How `factors` teaches.
        runs: Where trained networks lie.
        out: Results file [docs/results/pisr_map/WHAT.json].
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    from training import Trainer

    out = out or ROOT / "docs" / "results" / "pisr_map" / f"{what}.json"
    trainer = Trainer(data, runs)
    found = json.loads(out.read_text()) if out.exists() else {"cells": []}
    if what == "factors" and found.setdefault("method", method) != method:
        sys.exit(f"run.py: error: {out} holds the map of {found['method']!r}; give another --out.")
    for seed in seeds:
        cells = methods_map(seed) if what == "methods" else factors_map(seed, method)
        for cell in cells:
            start = time.perf_counter()
            trials = {name: getattr(cell, name) for name in ("taught", "same_steps", "same_total")}
            records = {name: trainer.record(trial) for name, trial in trials.items()}
            row = collected(cell, records)
            found["cells"] = [
                other
                for other in found["cells"]
                if any(other[key] != row[key] for key in ("factor", "level", "seed"))
            ]
            found["cells"].append(row)
            found["trial"] = dataclasses.asdict(trials["taught"]) | {"teacher": None, "start": None}
            with atomic_path(out) as temporary:
                temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            draw(found, out.with_suffix(".png"))
            print(
                f"seed {seed}, {cell.factor}, {cell.level}: PISR {row['psnr']['taught']:.3f} dB, "
                f"minus alone {row['beyond']['same_steps']:+.3f} (same steps of the student), "
                f"{row['beyond']['same_total']:+.3f} (same steps in all); "
                f"{time.perf_counter() - start:.0f} s",
                flush=True,
            )
    print(table(found))


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
