"""A trained student to a checked and timed `.tflite` file, in one command.

    python mobile/export.py runs/pisr_x2/student.keras --quantize float16 --out student.tflite

or, after installation, `python -m keras_pisr.mobile.export`. Exit codes: 0; 1 if the file is
sound but misses `--budget-ms` or `--min-psnr` (it is written nonetheless); 2 if the request
cannot be done or a check fails (nothing is written).
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro

from keras_pisr.atomic import atomic_path
from keras_pisr.notices import without_notices

Number = Annotated[float | None, tyro.conf.arg(metavar="X")]
Folder = Annotated[Path | None, tyro.conf.arg(metavar="DIR")]


def export(
    student: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="STUDENT")],
    out: Annotated[Path, tyro.conf.arg(metavar="FILE.tflite")],
    quantize: Literal["float32", "float16", "dynamic", "int8"] = "float32",
    color: Literal["luma", "rgb"] = "luma",
    pixels: Literal["float32", "uint8", "int8"] | None = None,
    size: Annotated[tuple[int, int] | None, tyro.conf.arg(metavar="HEIGHT WIDTH")] = None,
    calibration: Folder = None,
    images: Folder = None,
    min_psnr: Number = None,
    max_loss: Number = None,
    min_agreement: Number = None,
    budget_ms: Number = None,
    threads: int = 1,
    allow_undelegated: bool = False,
    report: Annotated[Path | None, tyro.conf.arg(metavar="FILE.json")] = None,
) -> int:
    """Convert a student to TFLite, check the file against it, and time it on this machine.

    Args:
        student: A .keras file, or what `keras_pisr.from_preset` takes: the name of a preset,
            or a folder that `save_to_preset` wrote.
        out: File to write.
        quantize: float32; float16 (weights of 16 bit); dynamic (weights of 8 bit); int8
            (everything in 8 bit).
        color: luma: the network alone, for apps that split colours themselves. rgb: whole
            images in and out, as `keras-pisr upscale` makes them.
        pixels: What the file takes and gives: float32 in [0, 1], or for int8 and rgb also
            uint8 (the default for int8), or for int8 also int8.
        size: Fix the input to this size, px. Without it the file is resized at run time.
        calibration: Photographs from which int8 takes its ranges, shrunk by the student's
            scale. Without it, photographs that ship with scikit-image.
        images: Test images for the comparison, in the layout of `keras-pisr evaluate`. Without
            it, three photographs that ship with scikit-image.
        min_psnr: Exit with code 1 if the file's PSNR on these images is below this, dB.
        max_loss: Refuse a file that loses more than this against the student, dB.
        min_agreement: Refuse a file whose output is further from the student's than this, as
            PSNR between the two, dB. Without it, 90 for float32, 55 for float16, 35 in 8 bit.
        budget_ms: Exit with code 1 if the median latency here is above this.
        threads: CPU threads for the timing.
        allow_undelegated: Accept operations that XNNPACK does not run.
        report: Write what was found to this file.
    """
    from rich.console import Console

    with without_notices():
        facts, agreement, latency = convert_and_check(
            student,
            out,
            precision=quantize,
            color=color,
            pixels=pixels,
            size=size,
            calibration=calibration,
            images=images,
            max_loss=max_loss,
            min_agreement=min_agreement,
            threads=threads,
            wholly_delegated=not allow_undelegated,
        )
    misses = shortcomings(agreement, latency, min_psnr, budget_ms)
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
    Console().print(table(out, quantize, facts, agreement, latency))
    for miss in misses:
        print(miss, file=sys.stderr)
    return 1 if misses else 0


def convert_and_check(
    student,
    out,
    *,
    precision,
    color,
    pixels,
    size,
    calibration,
    images,
    max_loss,
    min_agreement,
    threads,
    wholly_delegated,
):
    """Convert, and put the file in place only if every check passes.

    Returns:
        `(FileFacts, Agreement, Latency)`.
    """
    from keras_pisr.mobile.agreement import check_agreement
    from keras_pisr.mobile.checks import check_file
    from keras_pisr.mobile.convert import model_scale, to_tflite
    from keras_pisr.mobile.metadata import write_metadata
    from keras_pisr.mobile.tflite_model import TFLiteModel
    from keras_pisr.mobile.timing import measure_latency

    model = load(student)
    scale = model_scale(model)
    lumas = None if calibration is None else folder_lumas(calibration, scale)
    with atomic_path(out) as temporary:
        to_tflite(
            model,
            temporary,
            precision=precision,
            color=color,
            pixels=pixels,
            size=size,
            representative=lumas,
        )
        facts = check_file(
            temporary,
            precision=precision,
            weights=model.count_params(),
            wholly_delegated=wholly_delegated,
        )
        agreement = check_agreement(
            model,
            TFLiteModel(temporary),
            scale=scale,
            precision=precision,
            folder=images,
            floor=min_agreement,
            max_loss=max_loss,
        )
        write_metadata(
            temporary,
            psnr=round(agreement.file_psnr, 3),
            psnr_of_keras=round(agreement.keras_psnr, 3),
            scored_on=f"{agreement.images} images of {images.name if images else 'scikit-image'}",
        )
    # Outside the block: a file that is sound but slow is still worth having.
    return facts, agreement, measure_latency(out, threads=threads)


def load(student):
    """A student from a .keras file or a preset."""
    if student.endswith(".keras"):
        import keras_pisr.mobile.quantized  # noqa: F401 - registers the layers of `qat.py`.
        from keras_pisr.loading import load_student

        return load_student(student)
    from keras_pisr.presets import from_preset

    return from_preset(student)


def folder_lumas(folder, scale):
    """Photographs of a folder, made small by the student's scale."""
    from keras_pisr.data.color import rgb_to_y
    from keras_pisr.data.images import list_images, read_image
    from keras_pisr.data.resize import downscale

    # So many settle the ranges; a whole training set would only take longer.
    return [rgb_to_y(downscale(read_image(path), scale)) for path in list_images(folder)[:100]]


def shortcomings(agreement, latency, min_psnr, budget_ms):
    """What a sound file misses, one sentence each."""
    from keras_pisr.mobile.timing import over_budget

    misses = [over_budget(latency, budget_ms)]
    if min_psnr is not None and not agreement.file_psnr >= min_psnr:
        misses.append(
            f"{latency.name} reaches {agreement.file_psnr:.2f} dB on {agreement.images} images; "
            f"at least {min_psnr:g} dB was asked for."
        )
    return [miss for miss in misses if miss]


def table(out, precision, facts, agreement, latency):
    """What was found, as a `rich.table.Table`."""
    from rich.table import Table

    result = Table(title=f"{out} ({precision})", show_header=False)
    height, width = latency.size
    pieces = ", ".join(facts.not_delegated) or "nothing"
    memory = latency.peak_memory_bytes
    rows = {
        "size": f"{facts.bytes / 1000:.1f} kB",
        "delegates": f"{facts.delegates}; outside XNNPACK: {pieces}",
        "against Keras": f"{agreement.agreement:.1f} dB on the worst of {agreement.images} images",
        "PSNR": f"{agreement.file_psnr:.2f} dB; Keras {agreement.keras_psnr:.2f} dB; "
        f"change {round(-agreement.loss, 3) + 0:+.3f} dB",
        "latency": f"median {latency.median_ms:.1f} ms, p90 {latency.p90_ms:.1f} ms, "
        f"{latency.threads} thread(s), input {height}x{width}",
        "start, memory": f"{latency.initialisation_ms:.1f} ms, "
        + ("not measured" if memory is None else f"{memory / 1e6:.1f} MB"),
        "machine": f"{latency.machine} (not a phone)",
    }
    for name, value in rows.items():
        result.add_row(name, value)
    return result


def main(argv=None):
    """Run the command line; returns the exit code."""
    # Set before Keras is imported: only TensorFlow converts, and .keras files carry over.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        return tyro.cli(export, args=argv, prog="export.py")
    except (ValueError, OSError, ImportError) as error:
        print("export.py: error:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("export.py: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
