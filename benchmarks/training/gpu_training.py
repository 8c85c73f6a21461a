r"""Training steps of PISR and angle losses on a GPU, in JAX and in plain PyTorch on the same card.

    KERAS_BACKEND=jax python benchmarks/training/gpu_training.py \
        --out docs/results/speed/gpu_training.json

Ours is `fit` as in the recipes, with patches of the embedded photographs that are cut on the GPU
(`DevicePatches`) and twenty steps per program; and `fit` on one batch that stays on the GPU, as in
PyTorch. PyTorch trains with channels last in three ways: unchanged, with `torch.compile` in the
mode that replays CUDA graphs, and with the whole step as one CUDA graph. Both sides compute float32
in the same way: the program measures whether ours uses TF32, and sets PyTorch to the same.

Each framework has a separate process. Both compile at the same time. Then one case at a time is
measured, with the frameworks in turns. At the end, the kernels of some trainings are listed. After
`--seconds`, no further case begins. The figures are written after every case. Without a GPU,
everything runs on the CPU, for a trial:

    KERAS_BACKEND=jax python benchmarks/training/gpu_training.py \
        --steps 20 --batch-size 2 --side 8 --embeddings 64 --seconds 300
"""

import json
import os
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from gpu_contest import Contest, compiled_case
from gpu_worker import STEPS_PER_PROGRAM, Case
from keras_pisr.atomic import atomic_path

TRAININGS = [
    ("fsrcnn", "student", "Adam"),
    ("plain_sr", "student", "Adam"),
    ("fsrcnn", "stage 1", "Adam"),
    ("fsrcnn", "stage 2", "Adam"),
    ("fsrcnn", "student", "SOAP"),
    ("plain_sr", "student", "SOAP"),
    ("plain_sr", "stage 2", "Adam"),
    ("plain_sr", "stage 1", "Adam"),
]
FEEDS = ("fit, patches cut on the device", "fit, same batch")
TORCH = ("eager", "torch.compile", "whole step as a CUDA graph")
ANGLES = (("JAX", "ours"), ("PyTorch", "usual"), ("JAX", "usual"))
# Float32 rate without matrix units, from the datasheet of the SXM cards.
DATASHEET_TFLOPS = {"H100": 67, "H200": 67}
# Share of the time after which nothing more is compiled.
COMPILING = 0.5
# Seconds that are kept for the lists of kernels, and the trainings that are listed.
PROFILING = 10
PROFILED = [
    Case("JAX", "fsrcnn", "student", "Adam", FEEDS[0]),
    Case("PyTorch", "fsrcnn", "student", "Adam", TORCH[1]),
    Case("JAX", "fsrcnn", "student", "SOAP", FEEDS[0]),
    Case("JAX", "fsrcnn", "stage 1", "Adam", FEEDS[0]),
    Case("PyTorch", "fsrcnn", "stage 1", "Adam", TORCH[1]),
    Case("JAX", "plain_sr", "student", "Adam", FEEDS[0]),
]


@dataclass
class Settings:
    """Settings of the measurement."""

    side: int = 32
    """Side of the low-resolution patch in px."""
    batch_size: int = 64
    """Number of patches per batch."""
    steps: int = 200
    """Number of steps per run, a multiple of 20."""
    rounds: int = 3
    """Number of runs of every training, if there is time; the median counts."""
    embeddings: list[int] = field(default_factory=lambda: [256, 512, 1024, 2048, 4096])
    """Batch sizes of the angle loss."""
    seconds: float = 80
    """Seconds after which no further case begins."""
    compilers: int = max(1, (os.cpu_count() or 1) // 3)
    """Number of programs that JAX compiles at the same time."""
    out: Path | None = None
    """JSON file for the figures."""

    def __post_init__(self):
        if self.steps < 1 or self.steps % STEPS_PER_PROGRAM:
            raise ValueError(
                f"Expected steps to be a multiple of {STEPS_PER_PROGRAM}, the steps of a "
                f"program; got {self.steps}."
            )


def cases_of(settings):
    """`(trainings, angles)`: cases of both frameworks, the most important first."""
    trainings = []
    for training in TRAININGS:
        trainings += [Case("JAX", *training, how) for how in FEEDS]
        if training[2] == "Adam":
            trainings += [Case("PyTorch", *training, how) for how in TORCH]
    angles = [Case(*form, embeddings=n) for n in settings.embeddings for form in ANGLES]
    return trainings, angles


def run(settings, save):
    """Measure everything; calls `save` with the contest after every case."""
    trainings, angles = cases_of(settings)
    with Contest(settings) as contest:
        compiled_by = contest.start + COMPILING * settings.seconds
        contest.describe()
        # PyTorch tries cuDNN's algorithms when a stage first runs, so nothing else may run then.
        contest.prepare([case for case in trainings if case.how == TORCH[0]], compiled_by)
        # CUDA graphs come last, because PyTorch may not work after a graph that cannot be recorded.
        graphs = [case for case in trainings if case.how == TORCH[2]]
        same = [case for case in trainings if case.how == FEEDS[1]]
        first = [case for case in trainings if case not in graphs + same]
        # Angle losses compile fast, so they come before the least important trainings.
        wanted = [case for case in first if case[1:4] in TRAININGS[:4]]
        contest.prepare(list(dict.fromkeys(wanted + angles + first)), compiled_by)
        contest.told["seconds_of_compiling"] = time.time() - contest.start
        in_order = first + angles + graphs + same
        late = [c for c in first + angles + same if compiled_case(c) not in contest.prepared]
        in_order = [case for case in in_order if case not in late] + late
        for case in in_order + (settings.rounds - 1) * trainings:
            if time.time() > contest.end - PROFILING or not contest.measure(case):
                break
            save(contest)
        for case in PROFILED:
            contest.profile(case)
            save(contest)


def row_of(case, contest, settings):
    """The figures of a case, or the reason why there are none."""
    row = {name: value for name, value in case._asdict().items() if value}
    runs = contest.runs.get(case)
    if not runs:
        return {**row, "not_measured": contest.why_not(case)}
    compiled = contest.prepared[compiled_case(case)]
    row["seconds_of_compiling"] = round(compiled["seconds"], 1)
    if case.embeddings:
        return {**row, **runs[-1]}
    rates = [run["steps_per_second"] for run in runs]
    row |= {"steps_per_second": statistics.median(rates), "runs": rates}
    ours = compiled_case(Case("JAX", case.name, case.stage, case.optimizer))
    if "gflop" in contest.prepared.get(ours, {}):
        row["tflops"] = contest.prepared[ours]["gflop"] * row["steps_per_second"] / 1e3
        card = contest.told["JAX"].get("card", "")
        for name, rate in DATASHEET_TFLOPS.items():
            if name in card:
                row["share_of_datasheet"] = row["tflops"] / rate
    return row


def content_of(contest, settings):
    """The content of the JSON file."""
    trainings, angles = cases_of(settings)
    return {
        "side": settings.side,
        "batch_size": settings.batch_size,
        "steps": settings.steps,
        "steps_per_program": STEPS_PER_PROGRAM,
        "datasheet_tflops": DATASHEET_TFLOPS,
        "cpus": os.cpu_count(),
        **contest.told,
        "seconds": time.time() - contest.start,
        "training": [row_of(case, contest, settings) for case in trainings],
        "angle_loss": [row_of(case, contest, settings) for case in angles],
    }


def cell(row, *figures):
    """Figures of a row as a Markdown cell; a dash if there are none."""
    if row is None or "not_measured" in row:
        return "-"
    shown = [(row[name] * factor, spec) for name, factor, spec in figures if row[name]]
    return ", ".join(format(*figure) for figure in shown)


def training_table(content):
    """Steps per second, and the ratio of ours to the fastest PyTorch, as Markdown."""
    lines = [
        "| | ours: patches cut on the GPU | ours: same batch | " + " | ".join(TORCH) + " | ratio | "
        "TFLOP/s | of datasheet |",
        "|---" * (len(TORCH) + 6) + "|",
    ]
    rows = {(*key_of(row), row["how"]): row for row in content["training"]}
    rate = ("steps_per_second", 1, ".0f")
    for training in TRAININGS:
        found = [rows.get((*training, how)) for how in (*FEEDS, *TORCH)]
        # PyTorch has no SOAP, so SOAP is compared with its Adam, too.
        compared = [rows.get((*training[:2], "Adam", how), {}) for how in TORCH]
        fastest = max(row.get("steps_per_second", 0) for row in compared)
        ours, cells = found[0], [cell(row, rate) for row in found]
        ratio = ours.get("steps_per_second", 0) / fastest if fastest else 0
        cells.append(f"{ratio:.2f}" if ratio else "-")
        for name, spec in (("tflops", ".2f"), ("share_of_datasheet", ".1%")):
            cells.append(format(ours[name], spec) if name in ours else "-")
        lines.append(f"| {', '.join(training)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def key_of(row):
    return row["name"], row["stage"], row["optimizer"]


def angle_table(content):
    """Milliseconds and megabytes of the angle loss as Markdown."""
    forms = [f"{form}, {framework}: ms, MB" for framework, form in ANGLES]
    lines = [f"| embeddings | {' | '.join(forms)} |", "|---" * (len(forms) + 1) + "|"]
    rows = {(r["embeddings"], r["framework"], r["name"]): r for r in content["angle_loss"]}
    figures = ("milliseconds", 1, ".2f"), ("bytes", 1e-6, ".0f")
    for number in dict.fromkeys(row["embeddings"] for row in content["angle_loss"]):
        cells = [cell(rows.get((number, *form)), *figures) for form in ANGLES]
        lines.append(f"| {number} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(settings):
    content = {}

    def save(contest):
        content.update(content_of(contest, settings))
        if settings.out:
            with atomic_path(settings.out) as temporary:
                temporary.write_text(json.dumps(content, indent=1) + "\n")

    run(settings, save)
    print(training_table(content), angle_table(content), sep="\n\n")
    for listed in content.get("profiles", []):
        if "error" not in listed:
            print(
                listed["framework"],
                *key_of(listed),
                f"{listed['kernels_per_step']:.0f} kernels, "
                f"{listed['microseconds_per_step']:.0f} us per step",
                sep=", ",
            )
    for row in content["training"] + content["angle_loss"]:
        if "not_measured" in row:
            print(*row.values(), sep=", ")
    print({name: content[name] for name in ("JAX", "PyTorch", "seconds_of_compiling", "seconds")})


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
