r"""Train a student further with 8-bit rounding in every step, so that it loses less in int8.

    python mobile/qat.py student.keras --hr-dir T91 BSDS400 --out student_in_8_bit.keras
    python mobile/export.py student_in_8_bit.keras --quantize int8 --out student.tflite

or, after installation, `python -m keras_pisr.cli.qat`. With `--teacher teacher.keras` from a run
of the PISR recipes, the float teacher continues to guide the student. This is for students that
lose much by `export.py` alone; docs/reference/phone_measurements.md
says how much the shipped students lose.
"""

import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro

from keras_pisr.cli.model_argument import TRAINABLE, resolve_model
from keras_pisr.cli.run_command import run_command, use_tensorflow


def qat(
    student: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="STUDENT")],
    out: Annotated[Path, tyro.conf.arg(metavar="FILE.keras")],
    hr_dir: tuple[Path, ...] = (),
    teacher: Annotated[Path | None, tyro.conf.arg(metavar="TEACHER.keras")] = None,
    distillation_weight: float = 1e-6,
    steps: int = 1000,
    batch_size: int = 16,
    patch_size: int = 64,
    learning_rate: float = 1e-4,
    pixels: Literal["float32", "uint8"] = "float32",
    seed: int = 0,
) -> int:
    """Train a student further in 8 bit.

    Args:
        student: The trained student: a .keras file or a preset.
        out: The file to write: the trained 8-bit form, which export.py takes.
        hr_dir: Folders of HR images to train on. The default is the photographs that ship with
            scikit-image.
        teacher: A teacher of the PISR recipes that continues to guide the student.
        distillation_weight: Weight of the teacher's guidance in the loss.
        steps: Number of optimizer steps.
        batch_size: Number of patches per step.
        patch_size: Side of an HR patch in px.
        learning_rate: The learning rate at the start, which falls by a cosine.
        pixels: The type of the luma that the file will take: float32, or uint8 for files with
            --pixels uint8 or --target npu.
        seed: Makes the patches and the first weights repeatable.
    """
    use_tensorflow()
    from keras_pisr.atomic import atomic_path
    from keras_pisr.console.quiet import without_notices
    from keras_pisr.mobile.export.convert import model_scale
    from keras_pisr.mobile.quantize.fine_tuning import fine_tune, training_pairs

    if out.suffix != ".keras":
        raise ValueError(f"Expected --out to end in .keras; got {out}.")
    with without_notices():
        model, _ = resolve_model(student, accept=TRAINABLE)
        form = fine_tune(
            model,
            training_pairs(hr_dir, model_scale(model)),
            teacher=None if teacher is None else resolve_model(teacher, accept=TRAINABLE)[0],
            distillation_weight=distillation_weight,
            steps=steps,
            batch_size=batch_size,
            patch=patch_size,
            learning_rate=learning_rate,
            pixels=pixels,
            seed=seed,
            verbose=2,
        )
        with atomic_path(out) as temporary:
            form.save(temporary)
    print(
        f"Written: {out}. Next: python mobile/export.py {out} --quantize int8 --out FILE.tflite"
        + (" --pixels uint8" if pixels == "uint8" else "")
    )
    return 0


def main(argv=None):
    """Run the command line; returns the exit code."""
    return run_command(qat, argv)


if __name__ == "__main__":
    sys.exit(main())
