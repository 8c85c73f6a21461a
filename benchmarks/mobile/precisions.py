"""Measures each precision: file size, dB on the benchmark sets, and optionally time.

    python benchmarks/mobile/precisions.py DATA docs/results/mobile_precisions.json \
        --students fsrcnn.keras residual_fsrcnn.keras --runs 30
    python benchmarks/mobile/precisions.py DATA docs/results/plain_sr/precisions_x2.json \
        --students plain_sr_x2_small plain_sr_x2_medium fsrcnn_x2_mixed --runs 15 --size 360 640

    python benchmarks/mobile/precisions.py DATA docs/results/plain_sr/precisions_x2_rgb.json \
        --students plain_sr_x2_small plain_sr_x2_medium --color rgb --runs 15 --size 360 640

A student is a preset or a `.keras` file; all have the same scale. Files of `--color rgb` take and
return whole images as uint8. DATA holds Set5, Set14 and B100,
each with `HR/` and `LR_bicubic/X2/` (or X3, X4). A row "int8, trained" is added if `mobile/qat.py`
wrote `NAME_in_8_bit.keras` beside `NAME.keras`. The program prints the tables of
docs/reference/phone_measurements.md; with `--runs`, the last table has all students, compared with
the last one. It takes five minutes on two quiet CPU cores. `--runs 30` times 30 rounds. Each round
calls every file in turn, so that all files have the same load, which is recorded.
"""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro

os.environ["KERAS_BACKEND"] = "tensorflow"  # Before Keras is imported: only it converts.

import keras_pisr.forms.int8.quantized  # noqa: F401 - registers the layers of `qat.py`.
from keras_pisr.atomic import atomic_path
from keras_pisr.cli.model_argument import TRAINABLE, super_resolution_model
from keras_pisr.console.quiet import without_notices
from keras_pisr.mobile import FileFacts, TFLiteModel, check_agreement, to_tflite
from keras_pisr.mobile.export.convert import model_scale
from keras_pisr.mobile.latency.timing import SIZE, machine
from keras_pisr.presets.keras_file import load_student

SETS = ("Set5", "Set14", "B100")
PRECISIONS = ("float32", "float16", "dynamic", "int8")
TRAINED = "int8, trained"
FORMS = {"luma": {}, "rgb": {"color": "rgb", "pixels": "uint8"}}


class Remembered:
    """A model that computes each image only once for all files that are compared with it."""

    def __init__(self, model):
        self.model, self.outputs = model, {}

    def predict_on_batch(self, luma):
        """The output, computed or remembered."""
        key = luma.shape, luma.tobytes()
        if key not in self.outputs:
            self.outputs[key] = self.model.predict_on_batch(luma)
        return self.outputs[key]


def files(student, folder, color):
    """Paths of the student's files, by name of the row."""
    model, made = super_resolution_model(student, accept=TRAINABLE)[0], {}
    sources = [(precision, precision, model) for precision in PRECISIONS]
    trained = Path(student).with_name(f"{Path(student).stem}_in_8_bit.keras")
    if trained.exists():
        sources.append((TRAINED, "int8", load_student(trained)))
    for name, precision, source in sources:
        made[name] = folder / f"{Path(student).stem}_{len(made)}.tflite"
        to_tflite(source, made[name], precision=precision, **FORMS[color])
    return model, made


def measure(model, path, data, scale):
    """One row: the file's facts and its agreement on each set."""
    facts, file, scores = FileFacts.of(path), TFLiteModel(path), {}
    for name in SETS:
        if (data / name).is_dir():
            # There is no floor, because the table also shows bad files.
            scores[name] = check_agreement(
                model, file, scale=scale, precision="int8", folder=data / name, floor=-1e9
            ).to_dict()
    return {
        "bytes": facts.bytes,
        "delegates": facts.delegates,
        "delegated_operations": sum(facts.operations.values()) - len(facts.not_delegated),
        "outside_xnnpack": list(facts.not_delegated),
        "scores": scores,
    }


def fixed(source, path, size, color):
    """Make a file for one size, which phones run fastest, from a file's model and precision."""
    model, precision = source
    to_tflite(model, path, precision=precision.partition(",")[0], size=size, **FORMS[color])
    return path


def times(paths, runs, size, warmup=3):
    """Median and 90th percentile of each file, ms, one thread, called in turn."""
    models = [TFLiteModel(path, threads=1) for path in paths]
    taken = [[] for _ in models]
    for model in models:
        shape = (1, *size, model.shape[3])
        model.fill(np.random.default_rng(0).random(shape, "float32"))
    for _ in range(warmup + runs):
        for model, row in zip(models, taken, strict=True):
            start = time.perf_counter()
            model.interpreter.invoke()
            row.append(1000 * (time.perf_counter() - start))
    kept = [row[warmup:] for row in taken]
    return [
        {"median_ms": float(np.median(r)), "p90_ms": float(np.percentile(r, 90)), "min_ms": min(r)}
        for r in kept
    ]


def markdown(rows):
    """The table of one student."""
    names = list(next(iter(rows.values()))["scores"])
    columns = [*names, "worst agreement", "operations in XNNPACK", "one thread"]
    lines = ["| | kB | " + " | ".join(columns) + " |"]
    lines.append("|---" * (len(columns) + 2) + "|")
    keras = [next(iter(rows.values()))["scores"][name]["keras_psnr"] for name in names]
    lines.append("| Keras | | " + " | ".join(f"{x:.2f}" for x in keras) + " | | | |")
    for precision, row in rows.items():
        scores = row["scores"].values()
        # Adding zero turns -0.00 into +0.00.
        cells = [f"{s['file_psnr']:.2f} ({round(-s['loss'], 2) + 0:+.2f})" for s in scores]
        worst = min(s["agreement"] for s in scores)
        done = row["delegated_operations"]
        time = f"{row['latency']['median_ms']:.0f} ms" if "latency" in row else "not measured"
        cells += [f"{worst:.1f} dB", f"{done} of {done + len(row['outside_xnnpack'])}", time]
        lines.append(f"| {precision} | {row['bytes'] / 1000:.1f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def together(tables):
    """One table of all timed students, compared with the last student in float32."""
    names = [*next(iter(next(iter(tables.values())).values()))["scores"]]
    unit = list(tables.values())[-1]["float32"]["latency"]["median_ms"]
    lines = ["| | | " + " | ".join(names) + " | kB | ms | of the last in float32 |"]
    lines.append("|---" * (len(names) + 5) + "|")
    for name, rows in tables.items():
        student = name.partition("(")[2].rstrip(")")
        for precision, row in rows.items():
            cells = [f"`{student}`", precision]
            cells += [f"{score['file_psnr']:.2f}" for score in row["scores"].values()]
            ms = row["latency"]["median_ms"]
            cells += [f"{row['bytes'] / 1000:.1f}", f"{ms:.0f}", f"{ms / unit:.2f}"]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(
    data: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="DATA")],
    out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT.json")],
    students: tuple[str, ...],
    runs: int = 0,
    size: tuple[int, int] | None = None,
    color: Literal["luma", "rgb"] = "luma",
):
    """Measure every precision of students for one scale.

    Args:
        data: Folder of the benchmark sets.
        out: File for the figures.
        students: Presets or .keras files of one scale.
        runs: Number of timed rounds; with 0, nothing is timed.
        size: Time files for only this height and width [files for every size, at 360 x 640].
        color: Whether files take and return luma, or rgb: whole images as uint8.
    """
    tables, paths, scales = {}, {}, set()
    with without_notices(), tempfile.TemporaryDirectory() as folder:
        for student in students:
            model, made = files(student, Path(folder), color)
            scales.add(model_scale(model))
            if len(scales) > 1:
                raise ValueError(f"{student} is for x{model_scale(model)}; others are not.")
            scale = model_scale(model)
            # `upscale`, with which files of whole images are compared, takes only Keras models.
            compared = Remembered(model) if color == "luma" else model
            name = f"{type(model).__name__} ({Path(student).name})"
            tables[name] = {row: measure(compared, path, data, scale) for row, path in made.items()}
            for row, path in made.items():
                timed = path.with_name(f"{path.stem}_fixed.tflite")
                sized = runs and size and row in PRECISIONS
                paths[name, row] = fixed((model, row), timed, size, color) if sized else path
        load = os.getloadavg()[0]
        if runs:
            for (name, row), latency in zip(
                paths, times(paths.values(), runs, size or SIZE), strict=True
            ):
                tables[name][row]["latency"] = latency
    results = {
        "command": "python benchmarks/mobile/precisions.py DATA OUT.json --students "
        + " ".join(Path(student).name for student in students)
        + (f" --runs {runs}" if runs else "")
        + (f" --size {size[0]} {size[1]}" if size else "")
        + (f" --color {color}" if color != "luma" else ""),
        "scale": scales.pop(),
        "input": size or SIZE,
        "machine": machine(),
        "load_before_timing": load if runs else None,
        "students": tables,
    }
    with atomic_path(out) as temporary:
        temporary.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    for name, rows in tables.items():
        print(f"{name}\n\n{markdown(rows)}\n")
    if runs:
        print(together(tables))


if __name__ == "__main__":
    tyro.cli(main)
