r"""Train a student on with 8-bit rounding in every step, so that it learns to live with it.

    python mobile/qat.py student.keras --hr-dir T91 BSDS400 --out student_in_8_bit.keras
    python mobile/export.py student_in_8_bit.keras --quantize int8 --out student.tflite

or, after installation, `python -m keras_pisr.cli.qat`. With `--teacher teacher.keras`, of a run
of the PISR recipes, the float teacher goes on guiding the student. For students that lose much by
`export.py` alone; see docs/mobile.md for how much that is.
"""

import sys
from pathlib import Path
from typing import Annotated

import tyro

from keras_pisr.cli.model_argument import TRAINABLE, resolve_model
from keras_pisr.cli.run_command import run_command, use_tensorflow


def fine_tune(
    student,
    pairs,
    *,
    teacher=None,
    distillation_weight=1e-6,
    steps=1000,
    batch_size=16,
    patch=64,
    learning_rate=1e-4,
    representative=None,
    seed=0,
    verbose=0,
):
    """Train the 8-bit form of a student.

    Starts from what `to_tflite` would make of it: equalized channels, weights rounded so that
    errors cancel, settled ranges, which go on learning. Adam, falling by a cosine, with a moving
    average of the weights at the end.

    Args:
        student: A trained luma model; see `quantized_form`. Left as it is.
        pairs: `keras_pisr.data.ImagePairs` of the student's scale.
        teacher: A trained `PrivilegedTeacher` that guides by `PrivilegedDistiller`; none if not
            given. Frozen.
        distillation_weight: Weight of the teacher's term in the loss.
        steps: Optimizer steps.
        batch_size: Patches per step.
        patch: Side of an HR patch, px.
        learning_rate: At the start.
        representative: As in `to_tflite`.
        seed: Makes the patches and the start of the teacher's head repeatable.
        verbose: Passed on to `fit`.

    Returns:
        A trained `quantized_form`, for `to_tflite(..., precision="int8")`.
    """
    import keras

    from keras_pisr.data import tf_patches
    from keras_pisr.distillers import Distiller, PrivilegedDistiller
    from keras_pisr.forms.int8.quantized import post_training_form
    from keras_pisr.forms.phone import deployed_form
    from keras_pisr.mobile.export.convert import calibration_lumas, photograph_batches

    keras.utils.set_random_seed(seed)
    lumas = calibration_lumas(student, representative)
    patches = [luma for (luma,) in photograph_batches(lumas)]
    form = post_training_form(deployed_form(student), patches)
    if teacher is None:
        distiller = Distiller(form, main_term="reconstruction")
    else:
        distiller = PrivilegedDistiller(
            teacher=teacher,
            student=form,
            distillation_weight=distillation_weight,
            start_from_decoder=False,
        )
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps, alpha=0.01)
    momentum = max(0.0, 1 - 20 / steps)
    adam = keras.optimizers.Adam(rate, use_ema=True, ema_momentum=momentum)
    distiller.compile(adam, loss="mae")
    feed = tf_patches(pairs, patch=patch, batch_size=batch_size, steps_per_epoch=steps, seed=seed)
    distiller.fit(feed, epochs=1, verbose=verbose, shuffle=False)
    return form


def training_pairs(hr_dir, scale):
    """`ImagePairs` of folders of HR images, or of the photographs of scikit-image if none."""
    from keras_pisr.data import ImagePairs

    if hr_dir:
        return ImagePairs.from_folder(hr_dir, scale=scale)
    return ImagePairs.from_samples("train", scale=scale)


def qat(
    student: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="STUDENT.keras")],
    out: Annotated[Path, tyro.conf.arg(metavar="FILE.keras")],
    hr_dir: tuple[Path, ...] = (),
    teacher: Annotated[Path | None, tyro.conf.arg(metavar="TEACHER.keras")] = None,
    distillation_weight: float = 1e-6,
    steps: int = 1000,
    batch_size: int = 16,
    patch_size: int = 64,
    learning_rate: float = 1e-4,
    seed: int = 0,
) -> int:
    """Train a student on in 8 bit.

    Args:
        student: A .keras file or a preset.
        out: File for the trained 8-bit form, which export.py takes.
        hr_dir: Folders of HR images. Without any, photographs that ship with scikit-image.
        teacher: A teacher of the PISR recipes that goes on guiding the student.
        distillation_weight: Weight of its guidance.
        steps: Optimizer steps.
        batch_size: Patches per step.
        patch_size: Side of an HR patch, px.
        learning_rate: At the start; falls by a cosine.
        seed: Makes patches and weights repeatable.
    """
    use_tensorflow()
    from keras_pisr.atomic import atomic_path
    from keras_pisr.console.quiet import without_notices
    from keras_pisr.mobile.export.convert import model_scale

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
            seed=seed,
            verbose=2,
        )
        with atomic_path(out) as temporary:
            form.save(temporary)
    print(f"Written: {out}. Next: python mobile/export.py {out} --quantize int8 --out FILE.tflite")
    return 0


def main(argv=None):
    """Run the command line; returns the exit code."""
    return run_command(qat, argv)


if __name__ == "__main__":
    sys.exit(main())
