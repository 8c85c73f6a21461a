r"""Makes a checked and timed `.tflite` file of a trained student, in one command.

    python mobile/export.py runs/pisr_x2/student.keras --quantize float16 --out student.tflite
    python mobile/export.py runs/horkd_classification/seed_0/horkd_123.keras --size 8 8 \
        --quantize int8 --calibration letters --images letters --out recognizer.tflite

or, after installation, `keras-pisr export`. Exit codes: 0; 1 if the file is
sound but misses `--budget-ms`, `--min-psnr` or `--min-score` (it is written nonetheless); 2 if the
request cannot be done or a check fails (nothing is written).
"""

import dataclasses
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import tyro

from keras_pisr.atomic import atomic_path
from keras_pisr.cli.export_all import export_all
from keras_pisr.cli.export_other import FORMATS, export_other
from keras_pisr.cli.model_argument import (
    TRAINABLE,
    check_file,
    has_channel_slopes,
    kind_of,
    resolve_model,
)
from keras_pisr.cli.run_command import run_command, use_tensorflow
from keras_pisr.console.progress_bar import ProgressBar
from keras_pisr.console.quiet import without_notices
from keras_pisr.console.sizes import told_size
from keras_pisr.console.stages import listening, tell
from keras_pisr.mobile.export import recognition as recognition_export
from keras_pisr.mobile.export import super_resolution as super_resolution_export
from keras_pisr.mobile.export.file_facts import SLOPES
from keras_pisr.mobile.export.recognition import RecognitionOptions
from keras_pisr.mobile.export.super_resolution import SuperResolutionOptions

Number = Annotated[float | None, tyro.conf.arg(metavar="X")]
Folder = Annotated[Path | None, tyro.conf.arg(metavar="DIR")]
Sizes = Annotated[
    tyro.conf.UseAppendAction[tuple[tuple[int, int], ...]], tyro.conf.arg(metavar="HEIGHT WIDTH")
]


def export(
    super_resolution: tyro.conf.OmitArgPrefixes[SuperResolutionOptions],
    recognition: tyro.conf.OmitArgPrefixes[RecognitionOptions],
    student: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="STUDENT")] = None,
    out: Annotated[Path | None, tyro.conf.arg(metavar="FILE.tflite")] = None,
    all_presets: Annotated[Path | None, tyro.conf.arg(name="all", metavar="DIR")] = None,
    quantize: Literal["float32", "float16", "dynamic", "int8"] | None = None,
    pixels: Literal["float32", "uint8", "int8"] | None = None,
    size: Sizes = (),
    calibration: Folder = None,
    images: Folder = None,
    budget_ms: Number = None,
    threads: int = 1,
    allow_undelegated: bool = False,
    report: Annotated[Path | None, tyro.conf.arg(metavar="FILE.json")] = None,
) -> int:
    """Convert a student to TFLite, check the file against it, and time it on this machine.

    Args:
        student: The trained student: a .keras file, the name of a preset, or a folder that
            `save_to_preset` wrote.
        out: The file to write. The suffix .onnx, .xml (OpenVINO) or .mlpackage (Core ML) makes a
            file for that runtime instead, which takes any size and no other option.
        all_presets: Write the recommended files of every recommended preset to this folder, with a
            manifest.json that gives purpose, accuracy and time of each file. Only --calibration,
            --images, --threads and --report can be added.
        super_resolution: Options for super-resolution students.
        recognition: Options for recognition students.
        quantize: The precision of the file: float32; float16 (weights of 16 bit); dynamic (weights
            of 8 bit); int8 (everything in 8 bit, except the colours of --color rgb) [float16,
            which makes the file 0.5 to 0.7 as large without loss; int8 for a student that was
            trained in 8 bit].
        pixels: The type of the file's input, and of its output if that is an image: float32 in
            [0, 1]; uint8, for int8 and for --color rgb; int8, for int8 without --color rgb
            [float32; uint8 for int8 with --color rgb, for int8 with --target npu, and for int8
            recognition]. An int8 file of float32 luma also reads what is between two steps of
            1/255, and loses a third of what one of uint8 luma loses. An int8 file of --color rgb
            also reads luma this finely.
        size: Fix the input to this height and width in px. If it is given several times, one file
            per size is made, with the size in its name. Without it, the app sets the size of a
            super-resolution file at run time, which LiteRT's CompiledModel cannot do. A
            recognition student that takes any size needs it.
        calibration: Images from which int8 takes its ranges. For super-resolution: a folder of
            photographs, which are shrunk by the student's scale [some that ship with
            scikit-image]. For recognition: a folder or tar archive of class folders, of which
            train/ is taken if there is one, or the word letters.
        images: Test images on which file and student are compared. For super-resolution: a folder
            in the layout of `keras-pisr evaluate` [three photographs that ship with
            scikit-image]. For recognition: as for --calibration, but val/ is taken.
        budget_ms: Exit with code 1 if the median latency on this machine is above this many ms.
        threads: Number of CPU threads for the timing.
        allow_undelegated: Accept a file with operations that XNNPACK does not run.
        report: Write sizes, scores and times to this JSON file.
    """
    given = dict(locals())
    if all_presets is not None:
        apply = ("calibration", "images", "threads", "report")
        refused = given_flags(given, apart=("all_presets", *apply))
        return export_all(all_presets, **{name: given[name] for name in apply}, refused=refused)
    if student is None or out is None:
        raise ValueError("Expected STUDENT and --out FILE.tflite, or --all DIR.")
    if out.suffix in FORMATS:
        return export_other(student, out, given_flags(given, apart=("student", "out")))
    for height, width in size:
        if min(height, width) < 1:
            raise ValueError(f"Expected --size to be 1 px or more each way; got {height} {width}.")
    if len(size) > 1:
        return max(export(**given | for_size(given, one)) for one in size)
    size = size[0] if size else None
    use_tensorflow()
    from rich.console import Console

    from keras_pisr.mobile.latency.timing import measure_latency, over_budget

    # These errors come before the file is written and name the file that was asked for, not a
    # temporary one.
    if out.suffix != ".tflite":
        raise ValueError(f"Expected --out to be a path ending in .tflite; got {out}.")
    if threads < 1:
        raise ValueError(f"Expected --threads to be 1 or more; got {threads}.")
    for option, folder in (("--calibration", calibration), ("--images", images)):
        if folder is not None and not folder.exists() and str(folder) != "letters":
            raise FileNotFoundError(f"{option}: there is no {folder}.")
    if kind_of(student) == "a .keras file":
        check_file(student)
    for_cpu = super_resolution.target != "npu" and not allow_undelegated
    if quantize == "int8" and for_cpu and has_channel_slopes(student):
        raise ValueError(
            f"{student} has PReLUs with one slope per channel, which XNNPACK does not run in 8 "
            f"bit. {SLOPES} --allow-undelegated makes the file nonetheless."
        )
    with without_notices() as terminal, told_stages(terminal):
        tell("Loading")
        model, _ = resolve_model(student, accept=TRAINABLE)
        way, options = way_of(model, super_resolution, recognition)
        quantize = quantize or default_precision(model)
        with atomic_path(out) as temporary:
            facts, agreement = way.convert_and_check(
                model,
                temporary,
                preset=student if kind_of(student) == "a preset" else None,
                precision=quantize,
                pixels=pixels,
                size=size,
                calibration=calibration,
                images=images,
                wholly_delegated=not allow_undelegated,
                options=options,
            )
        # This size includes the metadata, which is written after the checks.
        facts = dataclasses.replace(facts, bytes=Path(out).stat().st_size)
        tell("Timing")
        # This stands outside the block, so that a file that is sound but slow is kept.
        latency = measure_latency(out, threads=threads)
    misses = [over_budget(latency, budget_ms), way.shortcoming(agreement, options, latency.name)]
    misses = [miss for miss in misses if miss]
    if report is not None:
        found = {
            "file": facts.to_dict(),
            "precision": quantize,
            "agreement": agreement.to_dict(),
            "latency": latency.to_dict(),
            "missed": misses,
        }
        with atomic_path(report) as temporary:
            temporary.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    Console().print(table(out, quantize, facts, way.described(agreement), latency))
    for miss in misses:
        print(miss, file=sys.stderr)
    return 1 if misses else 0


def default_precision(model):
    """The default precision: float16, or int8 if the model was trained in 8 bit."""
    from keras_pisr.forms.int8.quantized import is_quantized

    return "int8" if is_quantized(model) else "float16"


def for_size(given, size):
    """Arguments of `export` for one of several sizes, which the names of its files state."""
    height, width = size
    named = {
        name: path.with_stem(f"{path.stem}_{height}x{width}")
        for name, path in given.items()
        if name in ("out", "report") and path is not None
    }
    return {"size": (size,), **named}


def given_flags(given, *, apart):
    """Flags of `export` that are given, except those of some arguments."""
    options = {"super_resolution": given["super_resolution"], "recognition": given["recognition"]}
    found = [
        flag
        for group in options.values()
        for flag, value in flags(group).items()
        if value is not None
    ]
    defaults = {"threads": 1, "allow_undelegated": False, "size": ()}
    for name, value in given.items():
        if name not in (*options, *apart) and value != defaults.get(name):
            found.append("STUDENT" if name == "student" else f"--{name.replace('_', '-')}")
    return found


@contextmanager
def told_stages(terminal):
    """On a terminal, show the stages that are reported within the block."""
    with ProgressBar(file=terminal) as bar:

        def show(stage, done, total):
            bar.update(done, total or 1, stage)

        with listening(show):
            yield


def way_of(model, super_resolution, recognition):
    """The function that exports a model of this kind, and its options.

    Raises:
        ValueError: If options of the other kind are given.
    """
    from keras_pisr.mobile.export.convert_recognizer import is_recognizer

    ways = [
        ("super-resolution", super_resolution_export, super_resolution),
        ("recognition", recognition_export, recognition),
    ]
    (other, _, refused), (kind, way, options) = ways if is_recognizer(model) else ways[::-1]
    given = [flag for flag, value in flags(refused).items() if value is not None]
    if given:
        raise ValueError(
            f"{', '.join(given)}: only for {other} students; {model.name!r} is a {kind} network, "
            f"which has {', '.join(flags(options))}."
        )
    return way, options


def flags(options):
    """Options as they are written on the command line, and their values."""
    return {
        f"--{name.replace('_', '-')}": value for name, value in dataclasses.asdict(options).items()
    }


def table(out, precision, facts, agreement, latency):
    """The results, as a `rich.table.Table`."""
    from rich.table import Table

    result = Table(title=f"{out} ({precision})", show_header=False)
    pieces = ", ".join(facts.not_delegated) or "nothing"
    memory = latency.peak_memory_bytes
    rows = {
        "size": f"{facts.bytes / 1000:.1f} kB",
        "operations": ", ".join(f"{n} {name}" for name, n in sorted(facts.operations.items())),
        "delegates": f"{facts.delegates}; outside XNNPACK: {pieces}",
        **agreement,
        "latency": f"median {latency.median_ms:.2f} ms, p90 {latency.p90_ms:.2f} ms, "
        f"{latency.threads} thread(s), input {told_size(latency.size)} px",
        "start, memory": f"{latency.initialisation_ms:.1f} ms, "
        + ("not measured" if memory is None else f"{memory / 1e6:.1f} MB"),
        "machine": f"{latency.machine} (not a phone)",
    }
    for name, value in rows.items():
        result.add_row(name, value)
    return result


def main(argv=None):
    """Run the command line; returns the exit code."""
    return run_command(export, argv)


if __name__ == "__main__":
    sys.exit(main())
