"""Weights of the relations in runs as short as those of docs/horkd_results.md, also on a CPU.

    python benchmarks/horkd_convergence/short_weights.py DATA --task retrieval

`run.py tune` does the same in long runs, on a GPU. Here the recipe's own stages train HORKD 1 2 3
and RKD with the changes of `parts.CHANGES`, and score held-out images of the training set: no test
image is read. `--score-on test --changes NAME` trains one change like the rows of the tables.

Results have the form of `run.py`: `python benchmarks/horkd_convergence/report.py FOLDER` prints and
draws them. What is done stays in `--runs`; the same command continues after it. Runs on TensorFlow.
"""

import dataclasses
import functools
import json
import os
import sys
from pathlib import Path
from typing import Literal

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "recipes"))

import tyro  # noqa: E402
from parts import CHANGES, UNTUNED, changed_rows, plain_rows  # noqa: E402

from horkd.data import load, lr_size  # noqa: E402
from horkd.networks import Networks  # noqa: E402
from horkd.run import alone, stages_in  # noqa: E402
from horkd.scores import outputs_of, score  # noqa: E402
from horkd.settings import Settings  # noqa: E402
from keras_pisr.atomic import atomic_path  # noqa: E402
from keras_pisr.distillers import HybridOrderDistiller  # noqa: E402
from keras_pisr.losses import LogitLoss  # noqa: E402
from runs.run_folder import RunFolder, plain, read_object  # noqa: E402

# The lengths and batches of the tables in docs/horkd_results.md.
TABLES = {
    "classification": {"epochs": 3, "teacher_epochs": 15, **UNTUNED},
    "retrieval": {"train_classes": 30, "per_class": 8, "epochs": 3, "teacher_epochs": 12},
}
METHODS = ("start", "takd", "horkd_123", "rkd")
FADING = ("distance", "angle")


class FadingDistiller(HybridOrderDistiller):
    """HORKD in which the weights of distance and angle fall linearly to zero.

    Args:
        steps: Number of training steps after which they are zero.
        **kwargs: Passed on to `HybridOrderDistiller`.
    """

    def __init__(self, *, steps, **kwargs):
        super().__init__(**kwargs)
        self.steps = steps

    def relations(self, *args):
        """The terms; distance and angle are multiplied by the share that is left."""
        left = 1 - self.optimizer.iterations / self.steps
        terms = super().relations(*args)
        return {name: left * term if name in FADING else term for name, term in terms.items()}


def main(
    data: tyro.conf.Positional[str],
    task: Literal[(*TABLES,)] = "retrieval",
    changes: tuple[Literal[(*CHANGES,)], ...] = tuple(CHANGES),
    methods: tuple[Literal[(*METHODS,)], ...] = ("horkd_123", "rkd"),
    seeds: tuple[int, ...] = (0,),
    score_on: Literal["validation", "test"] = "validation",
    epochs: int | None = None,
    runs: Path = Path("runs/horkd_weights"),
    out: Path = ROOT / "docs" / "results" / "horkd_weights",
):
    """Train what is missing, and write the scores.

    Args:
        data: Archive or folder of images, or "letters" for those drawn from fonts.
        task: The task that is scored.
        changes: Changes of the weights to try with HORKD 1 2 3 and RKD.
        methods: Methods to train. `takd` and `start` have no relations, and are trained once.
        seeds: Seeds of weights and batches; the teacher has seed 0.
        score_on: Held-out images of the training set, or the test images.
        epochs: Number of epochs of each network, the teacher included, in place of those of the
            tables.
        runs: Folder for trained networks.
        out: Folder of the results file of the task, which gets all scores in `--runs`.
    """
    letters = data == "letters"
    settings = Settings(
        task=task,
        data=None if letters else Path(data),
        score_on=score_on,
        out=runs / task / score_on,
        resume=True,
        **({} if letters else TABLES[task]),
    ).resolved()
    if epochs:
        settings = dataclasses.replace(settings, epochs=epochs, teacher_epochs=epochs)
    training, scored = load(settings)
    settings = settings.with_batch_size(training.labels)
    networks = Networks(settings, len(training.class_names), training.images.shape[-1])
    small = lr_size(training.images, settings.lr_factor)

    def stages_of(name, seed):
        return stages_in(name, seed, settings, training, small)

    environment = RunFolder(settings.out, settings, resume=True).environment
    stages = stages_of("teacher", 0)
    teacher = stages.train(
        "teacher", lambda: alone(networks.teacher(), student_sees="hr"), settings.teacher_epochs
    )
    for seed in seeds:
        for name, (weights, fade) in rows_of(methods, changes, settings).items():
            place = stages_of(f"{folder_of(name)}/seed_{seed}", seed)
            file = place.folder.path / "score.json"
            if not file.exists():
                student = trained(place, name, weights, fade, teacher, networks)
                outputs = outputs_of(student, scored, lr_size=small)
                place.folder.write_json("score.json", score(task, outputs, scored.labels))
            print(f"{name}, seed {seed}: {read_object(file)}", flush=True)
    each = stages.steps_per_epoch
    of_teacher = {"0": score(task, outputs_of(teacher, scored), scored.labels)}
    rows = {"teacher": [{"steps": settings.teacher_epochs * each, "scores": of_teacher}]}
    for name in rows_of(METHODS, CHANGES, settings):
        files = sorted(settings.out.glob(f"{folder_of(name)}/seed_*/score.json"))
        scores = {file.parent.name.removeprefix("seed_"): read_object(file) for file in files}
        if scores:
            rows[name] = [{"steps": settings.epochs * each, "scores": scores}]
    result = {
        "settings": plain(dataclasses.asdict(settings)) | {"data": Path(data).name, "out": None},
        "environment": environment,
        "images": {"training": len(training), "scored": len(scored)},
        "rows": rows,
    }
    write(out / f"{task}.json", "tune" if score_on == "validation" else "tuned", result)


def folder_of(name):
    """The folder of a row."""
    return name.replace(": ", "_").replace(" ", "_")


def rows_of(methods, changes, settings):
    """From the name of each row to its weights and whether they fade."""
    rows = {}
    for method in methods:
        if method in ("takd", "start"):
            rows |= plain_rows((method,), settings)
            continue
        all_rows = changed_rows(method, settings)
        rows |= {f"{method}: {name}": all_rows[f"{method}: {name}"] for name in changes}
    return rows


def trained(stages, name, weights, fade, teacher, networks):
    """The student of one row, after its assistant if the method has one."""
    options = {
        "distillation_loss_weights": weights,
        "distillation_losses": {"logits": LogitLoss(stages.settings.temperature)},
    }
    kind = HybridOrderDistiller
    if fade:
        steps = stages.settings.epochs * stages.steps_per_epoch
        kind = functools.partial(FadingDistiller, steps=steps)

    def step(learner, **guides):
        def build():
            model = learner()
            return model, kind(student=model, **guides, **options)

        return build

    guide = {"teacher": teacher}
    if not name.startswith("rkd"):
        first = step(networks.assistant, teacher=teacher, student_sees="hr")
        guide = {"assistant": stages.train("assistant", first, stages.settings.epochs)}
    return stages.train("student", step(networks.student, **guide), stages.settings.epochs)


def write(path, what, result):
    """Put one result into the file of a task; the file's other result stays."""
    results = read_object(path) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(results | {what: result}, indent=1) + "\n")


if __name__ == "__main__":
    try:
        tyro.cli(main, description=__doc__)
    except (ValueError, OSError) as error:
        sys.exit(f"short_weights.py: error: {error}")
