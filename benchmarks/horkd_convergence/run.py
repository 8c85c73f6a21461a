r"""HORKD at convergence: every decisive row until the student alone has stopped gaining, on a GPU.

    KERAS_BACKEND=jax python benchmarks/horkd_convergence/run.py curves DATA --task classification

`curves` trains the rows of docs/horkd_results.md for longer and scores them as they learn. `tune`
tries weights of the relations, and relations that fade, on held-out images; `tuned` trains what won
there like the rows of `curves`; `sizes` trains students for LR images two, four and eight times
smaller than HR, from the assistants of `curves`. Data, splits, networks, losses and scores are
those of the recipes, whose train step runs for all seeds and many rows in one program of the
device. DATA is an archive or folder as the recipes read it, or "letters" for a short run.

Faces start, as in the tables, from networks that `pretrain` trains for classification:

    --pretrained-teacher runs/horkd_convergence/pretrain_classification/teacher.keras
    --pretrained-assistant runs/horkd_convergence/pretrain_classification/assistant_horkd_123.keras

What is done stays in `--out`; the same command continues after it. Runs on JAX.
`python benchmarks/horkd_convergence/report.py` draws the figures.
"""

import os
import sys
import time
from pathlib import Path
from typing import Literal

os.environ["KERAS_BACKEND"] = "jax"
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "recipes"))

import tyro  # noqa: E402
from parts import LENGTHS, TASKS  # noqa: E402

from horkd.settings import Settings  # noqa: E402


def main(
    what: tyro.conf.Positional[Literal["curves", "tune", "tuned", "sizes", "pretrain"]],
    data: tyro.conf.Positional[str],
    task: Literal[(*TASKS,)] = "classification",
    epochs: int | None = None,
    teacher_epochs: int | None = None,
    seeds: tuple[int, ...] = (0, 1, 2),
    seconds: float = 3600.0,
    sharing: float = 1.0,
    pretrained_teacher: Path | None = None,
    pretrained_assistant: Path | None = None,
    convolutions: Literal["matmul", "grouped"] = "matmul",
    small: bool = False,
    runs: Path = Path("runs/horkd_convergence"),
    out: Path | None = None,
):
    """Train what is missing, part by part, and write the results.

    Args:
        what: What is trained; see above.
        data: Archive or folder of images; "letters" for those drawn from fonts.
        task: The task that is scored.
        epochs: Epochs of each step of the method, at most: fewer are chosen at the start if all
            would take longer than `--seconds` [as parts.py says].
        teacher_epochs: Epochs of the teacher [as parts.py says].
        seeds: Seeds of weights and batches; `pretrain` and, but for faces, which are quick and
            few, `tune` take the first alone.
        seconds: After so many seconds no further part is started.
        sharing: How many times longer a step takes than alone, for the choice of epochs: about
            the number of processes that share the card.
        pretrained_teacher: A `.keras` file that the teacher starts from.
        pretrained_assistant: A `.keras` file that each assistant starts from.
        convolutions: How networks with weights of their own are computed side by side.
        small: Tiny networks and batches, for a trial on a CPU.
        runs: Folder for trained weights.
        out: Results file, shared by all runs of a task but `pretrain`
            [docs/results/horkd_convergence/TASK.json].
    """
    start = time.perf_counter()
    letters = data == "letters"
    changes = dict(TASKS[task])
    if letters:
        changes = {name: changes[name] for name in ("epochs", "teacher_epochs")}
    if task != "faces":
        changes |= LENGTHS.get(what, {})
    changes.setdefault("batch_size", 128)
    if small:
        changes |= {"batch_size": 16, "widths": (4, 6), "teacher_widths": (6, 8)}
    changes["epochs"] = epochs or changes["epochs"]
    changes["teacher_epochs"] = teacher_epochs or changes["teacher_epochs"]
    settings = Settings(
        task=task,
        data=None if letters else Path(data),
        seeds=seeds[:1] if what in LENGTHS and what != "sizes" and task != "faces" else seeds,
        score_on="validation" if what == "tune" else "test",
        pretrained_teacher=pretrained_teacher,
        pretrained_assistant=pretrained_assistant,
        **changes,
    ).resolved()
    from training import Training

    name = "pretrain" if what == "pretrain" else task
    out = out or ROOT / "docs" / "results" / "horkd_convergence" / f"{name}.json"
    times = {"start": start, "deadline": start + seconds, "sharing": sharing}
    try:
        training = Training(what, settings, out, runs, way=convolutions, **times)
        training.run(training.parts())
    except (ValueError, OSError) as error:
        sys.exit(f"run.py: error: {error}")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
