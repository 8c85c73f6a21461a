"""The `keras-pisr` command.

Only the functions that need Keras and TensorFlow import them, so that help and errors come at once.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro

from keras_pisr.cli.export import export
from keras_pisr.cli.latency import latency
from keras_pisr.cli.model_argument import super_resolution_model
from keras_pisr.cli.upscale import upscale
from keras_pisr.cli.words import check_command, check_sizes
from keras_pisr.console.one_line_errors import complain, run_with_one_line_errors

PROGRAM = "keras-pisr"

Scale = Annotated[int, tyro.conf.arg(metavar="N")]
File = Annotated[Path | None, tyro.conf.arg(metavar="FILE")]


def folder_argument(metavar):
    """A positional folder, called `metavar` in the help."""
    return Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar=metavar)]


def evaluate(
    model: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="MODEL")],
    folder: folder_argument("DIR"),
    scale: Scale,
    json: File = None,
    csv: File = None,
    pictures: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None,
    limit: Annotated[int | None, tyro.conf.arg(metavar="N")] = None,
    degrade: Annotated[str | None, tyro.conf.arg(metavar="STEPS")] = None,
) -> int:
    """Score a model on a folder of test images: PSNR and SSIM of luma, as in papers.

    DIR holds HR/ and, if the low-resolution images were published, LR_bicubic/X2/ (or X3, X4).
    Otherwise they are made from HR/. A folder that holds only images works too.

    For example:

      keras-pisr evaluate bicubic Set5 --scale 2
      keras-pisr evaluate student.keras Set14 --scale 2 --json scores.json
      keras-pisr evaluate student.keras photos --scale 3 --pictures crops --limit 5
      keras-pisr evaluate student.tflite B100 --scale 2
      keras-pisr evaluate student.keras Set14 --scale 2 --degrade jpeg:40

    Args:
        model: The model to score: bicubic, a preset, a .keras file, or a .tflite file.
        folder: Folder of test images.
        scale: Factor by which the model enlarges.
        json: Write the means, the scores of each image, the protocol and versions to this file.
        csv: Write one line per image, and one for the mean, to this file.
        pictures: Write a side-by-side crop of each image into this folder.
        limit: Score only this many images, the first by name [all].
        degrade: Degrade the low-resolution images before the model sees them: blur, noise and jpeg
            in this order, joined by +. jpeg:40 compresses at quality 40; noise:5 adds noise with a
            standard deviation of 5 levels of 255; blur:1.5 blurs the HR image with a standard
            deviation of 1.5 px. noise:0-10 draws from this range, and jpeg alone draws from its
            default range.
    """
    from rich.console import Console

    from keras_pisr.evaluation.evaluate import evaluate

    resolved, name = super_resolution_model(model)
    evaluation = evaluate(
        resolved,
        folder,
        scale=scale,
        limit=limit,
        degrade=degrade,
        pictures=pictures,
        name=name,
    )
    if json is not None:
        evaluation.to_json(json)
    if csv is not None:
        evaluation.to_csv(csv)
    Console().print(evaluation.table())
    return 0


def downscale(
    hr_dir: folder_argument("HR_DIR"),
    out_dir: folder_argument("OUT_DIR"),
    scale: Scale,
    border: Literal["replicate", "mirror"] = "replicate",
    overwrite: tyro.conf.FlagCreatePairsOff[bool] = False,
) -> int:
    """Make low-resolution images, equal bit for bit to those of the published benchmarks.

    The command writes NAMEx2.png (or x3, x4) for every image of HR_DIR. Gray files stay gray. Files
    that cannot be read are named, and the others are still made; the exit code is then 1.

    For example:

      keras-pisr downscale Urban100/HR Urban100/LR_bicubic/X2 --scale 2
      keras-pisr downscale DIV2K/HR DIV2K/LR --scale 4 --border mirror

    Args:
        hr_dir: Folder of high-resolution images.
        out_dir: Folder for the low-resolution images, which is made if it is missing.
        scale: Factor by which the images are shrunk.
        border: How the image is continued beyond its edge: replicate (as in Set5, Set14, B100) or
            mirror (as in DIV2K).
        overwrite: Replace existing files. Without this option, they are kept.
    """
    from keras_pisr.data import downscale_folder

    report = downscale_folder(hr_dir, out_dir, scale=scale, border=border, overwrite=overwrite)
    for path, reason in report.failed.items():
        complain(PROGRAM, f"{path}: {reason}")
    skipped = f"; {len(report.skipped)} were there already" if report.skipped else ""
    failed = f"; {len(report.failed)} failed" if report.failed else ""
    print(f"{len(report.written)} images written to {out_dir}{skipped}{failed}")
    return 1 if report.failed else 0


COMMANDS = {
    command.__name__: command for command in (upscale, export, latency, evaluate, downscale)
}
app = tyro.extras.SubcommandApp()
for command in COMMANDS.values():
    app.command(command)


def main(argv=None):
    """Run the command line.

    Args:
        argv: Arguments without the program's name; those of the process if not given.

    Returns:
        0 for success, 1 if some of the work failed, 2 if the request cannot be done (with one
        line on stderr that says why), 130 if interrupted.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    if argv == ["--version"]:
        import keras_pisr

        print(f"keras-pisr {keras_pisr.__version__}")
        return 0
    # TensorFlow's notices about absent GPUs would hide our own messages.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    description = "Use, score, export and time tiny super-resolution networks."

    def run():
        check_command(
            argv,
            list(COMMANDS),
            "To train, run python recipes/pisr_x2.py in a clone of the repository.",
        )
        check_sizes(argv)
        return app.cli(prog=PROGRAM, description=description, args=argv)

    return run_with_one_line_errors(run, PROGRAM)
