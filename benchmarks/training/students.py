r"""Measures at x2 whether a privileged teacher helps larger students.

    python benchmarks/training/students.py DATA --steps 3000

For each student and seed, `recipes/pisr_x2.py` trains the student by PISR, and alone for the budget
of one stage and for that of both, all with the same settings. It scores them on Set5, Set14 and
B100. DATA holds `train/T91`, `train/BSDS400` and `benchmarks/`.

Each run has a folder in `--runs` and continues there if it was killed; a finished run is not
repeated. After each run, all finished runs are written to `--out` and printed as a table. To give
students other budgets, use separate calls: all rows of one student have the same budget.

A run of one seed takes about 5.3 times `--steps` steps, and a step of VDSR takes about three times
as long as one of CARN, and six times as long as one of IDN or CARN-M.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Literal

import tyro

from keras_pisr.atomic import atomic_path

ROOT = Path(__file__).resolve().parents[2]
Student = Literal["fsrcnn", "plain_sr", "vdsr", "idn", "carn", "carn_m"]
ROWS = {
    "one_stage": "alone, budget of one stage",
    "two_stages": "alone, budget of both stages",
    "student": "PISR",
}
TESTS = ("Set5", "Set14", "B100")


def command(data, folder, student, seed, *, steps, epochs, **options):
    """The command line of one run; `options` are of the recipe."""
    arguments = {
        "student": [student],
        "seed": [seed],
        "controls": ["one_stage", "two_stages"],
        "hr-dir": [data / "train" / "T91"],
        "sizes": [1, 0.8, 0.6],
        "jpeg-dir": [data / "train" / "BSDS400"],
        "test-dirs": [data / "benchmarks" / name for name in TESTS],
        "epochs": [epochs],
        "steps-per-epoch": [steps // epochs],
        "detail": [1],
        "optimizer": ["adam"],
        "out": [folder],
        **{name: [value] for name, value in options.items()},
    }
    words = [word for name, values in arguments.items() for word in (f"--{name}", *values)]
    resume = ["--resume"] if (folder / "settings.json").exists() else []
    script = ROOT / "recipes" / "pisr_x2.py"
    return [sys.executable, *map(str, [script, *words, "--no-tensorboard", *resume])]


def collected(runs):
    """Results of the finished runs, by student and seed.

    Raises:
        ValueError: If runs of one student differ in more than the seed.
    """
    found, settings = {}, {}
    for path in sorted(runs.glob("*/results.json")):
        results = json.loads(path.read_text())
        chosen = {
            name: value
            for name, value in results["settings"].items()
            if name not in ("seed", "out", "resume")
        }
        student, seed = chosen["student"], results["settings"]["seed"]
        others = settings.setdefault(student, chosen)
        # A setting that one run does not name is newer than that run.
        differing = [name for name in chosen if others.get(name, chosen[name]) != chosen[name]]
        if differing:
            raise ValueError(
                f"{path.parent} differs from other runs of {student} in {', '.join(differing)}: "
                "rows of one student need the same settings. Move it elsewhere, or give --runs "
                "another folder."
            )
        row = found.setdefault(student, {"settings": chosen, "seeds": {}})
        row["parameters"] = results["stages"]["one_stage"]["parameters"]
        row["seeds"][str(seed)] = {
            "scores": results["scores"],
            "seconds": {name: stage["seconds"] for name, stage in results["stages"].items()},
            "steps": {name: stage["steps"] for name, stage in results["stages"].items()},
            "environment": results["environment"],
        }
    return found


def table(found):
    """Markdown: mean PSNR over the seeds, and the range from the lowest to the highest seed, dB."""
    lines = [
        f"| x2, PSNR dB, mean (range of seeds) | {' | '.join(TESTS)} |",
        "|---" * (1 + len(TESTS)) + "|",
    ]
    for student, row in found.items():
        steps = next(iter(row["seeds"].values()))["steps"]["one_stage"]
        for name, label in ROWS.items():
            cells = []
            for test in TESTS:
                values = [seed["scores"][name][test]["psnr"] for seed in row["seeds"].values()]
                spread = max(values) - min(values)
                cells.append(f"{sum(values) / len(values):.2f} ({spread:.2f})")
            lines.append(f"| {student}, {steps} steps: {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(
    data: tyro.conf.Positional[Path],
    students: tuple[Student, ...] = ("plain_sr", "carn_m", "idn", "carn", "vdsr"),
    seeds: tuple[int, ...] = (0, 1),
    steps: int = 3000,
    epochs: int = 10,
    batch_size: int = 16,
    patch_size: int = 48,
    learning_rate: float = 3e-4,
    precision: Literal["float32", "mixed_bfloat16"] = "float32",
    runs: Path = Path("runs/students"),
    out: Path = Path("docs/results/students.json"),
):
    """Train and score every student with every seed, one run after the other.

    Args:
        data: Folder with `train/` and `benchmarks/`.
        students: Students to train.
        seeds: Seeds of the runs.
        steps: Number of steps per stage, a multiple of `epochs`.
        epochs: Number of times that a run is saved per stage.
        batch_size: Number of patches per step.
        patch_size: Side of the HR patch, px.
        learning_rate: Adam's learning rate at the start, which was not tuned.
        precision: Precision of the training; scores are computed in float32. CARN-M needs float32:
            in bfloat16 it learns to undo the rounding (docs/pisr_map.md).
        runs: Folder of the runs.
        out: File to write.
    """
    if steps < epochs or steps % epochs:
        raise SystemExit(
            f"students.py: error: {steps} --steps are not a multiple of {epochs} epochs."
        )
    options = {"batch-size": batch_size, "patch-size": patch_size}
    options |= {"learning-rate": learning_rate, "precision": precision}
    for seed in seeds:
        for student in students:
            folder = runs / f"{student}_{seed}"
            if not (folder / "results.json").exists():
                words = command(data, folder, student, seed, steps=steps, epochs=epochs, **options)
                subprocess.run(words, check=True)
            found = collected(runs)
            with atomic_path(out) as temporary:
                temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            print(table(found), flush=True)


if __name__ == "__main__":
    tyro.cli(main)
