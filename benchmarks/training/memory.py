"""Memory of one process that trains many stages, after each stage, on every backend.

    python benchmarks/training/memory.py

The program trains HORKD stages (a teacher, then with every seed a student alone and a student by
relations, on embedded letters, one epoch each) and whole PISR runs (a teacher, its student and one
control, on embedded photographs). They run one after the other in one process, and the resident
memory is read after each stage. `kept` is the same without `runs.released`, which frees the memory
that a stage leaves behind. Each backend has a separate process. Growth is measured from the second
round of a recipe on, between stages of the same kind, because the first round loads and compiles
everything that later rounds use.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import tyro

from keras_pisr.atomic import atomic_path

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
METHODS = ("plain", "rkd")


@dataclass
class Settings:
    """Settings of the measurement."""

    backends: tuple[str, ...] = ("tensorflow", "jax", "torch")
    """Keras backends to measure."""
    rounds: int = 3
    """Number of seeds of the HORKD run, and of PISR runs; three or more."""
    kept: bool = True
    """Also measure the memory that stays if nothing is freed."""
    out: Path = Path("docs/results/speed/memory.json")
    """File for the figures. Figures of backends that are not measured are kept."""


def resident():
    """Resident memory of this process, MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise OSError("This system does not report the memory of a process in /proc/self/status.")


def train_all(rounds, release):
    """Print a line of JSON after each stage: its name, and MiB."""
    sys.path.insert(0, str(RECIPES))
    import horkd.run
    import horkd.settings
    import pisr.run
    import pisr.settings
    from runs import training_stages

    class Measured(training_stages.Stages):
        def train(self, name, *args, **kwargs):
            model = super().train(name, *args, **kwargs)
            print(json.dumps([name, round(resident())]), flush=True)
            return model

    if not release:
        training_stages.released = contextlib.nullcontext
    horkd.run.Stages = pisr.run.Stages = Measured
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        horkd.run.run(
            horkd.settings.Settings(
                out=folder / "horkd",
                epochs=1,
                teacher_epochs=1,
                methods=METHODS,
                seeds=tuple(range(rounds)),
            )
        )
        for index in range(rounds):
            pisr.run.run(
                pisr.settings.Settings(
                    out=folder / f"pisr_{index}",
                    epochs=1,
                    teacher_epochs=1,
                    steps_per_epoch=5,
                    batch_size=2,
                    patch_size=24,
                    controls=("one_stage",),
                    tensorboard=False,
                )
            )


def measure(backend, rounds, release):
    """`[stage, MiB]` after each stage of a fresh process."""
    process = subprocess.run(
        [sys.executable, __file__, "worker", str(rounds), str(int(release))],
        env=os.environ | {"KERAS_BACKEND": backend},
        stdout=subprocess.PIPE,
        text=True,
    )
    if process.returncode:
        sys.exit(f"{backend} failed; what it printed is above.")
    lines = process.stdout.splitlines()
    return [json.loads(line) for line in lines if line.startswith('["')]


def growth(stages):
    """MiB per stage of HORKD and of PISR, from the second round on."""
    names = [name for name, _ in stages]
    half = names.index("teacher", 1)
    rates = []
    for part, first in ((stages[:half], names[1]), (stages[half:], "teacher")):
        starts = [index for index, (name, _) in enumerate(part) if name == first]
        begin, end = starts[1], len(part) - 1
        # The last stage is compared with the stage of the same kind in the second round.
        same = next(index for index in range(begin, end) if part[index][0] == part[end][0])
        rates.append((part[end][1] - part[same][1]) / (end - same))
    return rates


def table(results):
    """The figures as a Markdown table."""
    rows = [
        "| backend | what a stage leaves | stages | first, MiB | last, MiB | HORKD, MiB per stage "
        "| PISR, MiB per stage |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for backend, runs in results.items():
        for what, stages in runs.items():
            horkd, pisr = growth(stages)
            rows.append(
                f"| {backend} | {what} | {len(stages)} | {stages[0][1]} | {stages[-1][1]} | "
                f"{horkd:.1f} | {pisr:.1f} |"
            )
    return "\n".join(rows)


def main(settings):
    """Measure, write, print the table."""
    results = json.loads(settings.out.read_text()) if settings.out.exists() else {}
    for backend in settings.backends:
        runs = {"freed": True, **({"kept": False} if settings.kept else {})}
        results[backend] = {
            what: measure(backend, settings.rounds, release) for what, release in runs.items()
        }
        with atomic_path(settings.out) as temporary:
            temporary.write_text(json.dumps(results) + "\n", encoding="utf-8")
    print(table(results))


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        train_all(int(sys.argv[2]), sys.argv[3] == "1")
    else:
        main(tyro.cli(Settings, description=__doc__))
