r"""Make a student's file smaller, or its 8-bit file better, by training it for some more steps.

    python mobile/compress.py student.keras --method prune --sparsity 0.5 --out pruned.keras
    python mobile/compress.py student.keras --method cluster --clusters 16 --out clustered.keras
    python mobile/compress.py student.keras --method qat --out student_int8.tflite

or, after installation, `python -m keras_pisr.cli.compress`. prune and cluster write a student
that `export.py` converts like any other; the file is as large as before, but an app store or a web
server that compresses it sends less. qat writes an int8 file. At the end: sizes and dB before and
after. tensorflow-model-optimization does the training. Exit codes: 0; 2 if the request cannot be
done (nothing is written).
"""

import dataclasses
import gzip
import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import tyro

from keras_pisr.atomic import atomic_path
from keras_pisr.cli.model_argument import TRAINABLE, resolve_model
from keras_pisr.cli.run_command import run_command, use_tensorflow
from keras_pisr.console.quiet import without_notices


@dataclasses.dataclass(frozen=True)
class Size:
    """Sizes of a student and of its file.

    Attributes:
        zeros: Share of the kernels' weights that are 0.
        values: Largest number of different values in a kernel.
        bytes: Size of the .tflite file.
        gzip_bytes: Its size after gzip at the highest level.
        keras_psnr: PSNR of the student against HR, dB, as a mean over images.
        file_psnr: PSNR of the file, dB.
    """

    zeros: float
    values: int
    bytes: int
    gzip_bytes: int
    keras_psnr: float
    file_psnr: float

    @classmethod
    def of(cls, model, path, *, precision, images=None):
        """Measure a student and the file made of it, which must pass the checks of `export.py`."""
        import numpy as np

        from keras_pisr.mobile.export.agreement import check_agreement
        from keras_pisr.mobile.export.convert import model_scale
        from keras_pisr.mobile.export.file_facts import check_file
        from keras_pisr.mobile.runtime.tflite_model import TFLiteModel

        check_file(path, precision=precision, weights=model.count_params())
        agreement = check_agreement(
            model,
            TFLiteModel(path, trusted=True),
            scale=model_scale(model),
            precision=precision,
            folder=images,
        )
        content = Path(path).read_bytes()
        kernels = [weight for weight in model.get_weights() if weight.ndim == 4]
        return cls(
            zeros=float(np.mean(np.concatenate([kernel.ravel() for kernel in kernels]) == 0)),
            values=max(len(np.unique(kernel)) for kernel in kernels),
            bytes=len(content),
            gzip_bytes=len(gzip.compress(content, 9)),
            keras_psnr=agreement.keras_psnr,
            file_psnr=agreement.file_psnr,
        )


def compress(
    student: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="STUDENT")],
    method: Literal["prune", "cluster", "qat"],
    out: Annotated[Path, tyro.conf.arg(metavar="FILE")],
    sparsity: float | None = None,
    schedule: Literal["polynomial", "constant"] | None = None,
    clusters: int | None = None,
    quantize: Literal["float32", "float16", "dynamic", "int8"] | None = None,
    trained: Annotated[Path | None, tyro.conf.arg(metavar="FILE.keras")] = None,
    hr_dir: tuple[Path, ...] = (),
    steps: int = 1000,
    batch_size: int = 16,
    patch_size: int = 64,
    learning_rate: float | None = None,
    seed: int = 0,
    images: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None,
    report: Annotated[Path | None, tyro.conf.arg(metavar="FILE.json")] = None,
) -> int:
    """Make a student's file smaller, or its 8-bit file better, by training it for some more steps.

    prune and cluster write a student (.keras), which export.py converts like any other. Its file
    is as large as before, but compresses better. qat writes an int8 file (.tflite).

    Args:
        student: The trained student: a .keras file or a preset.
        method: prune sets the smallest weights to 0. cluster leaves few different values in each
            kernel. qat rounds weights and tensors to 8 bit in every step.
        out: The file to write: .keras for prune and cluster, .tflite for qat.
        sparsity: For prune: the share of zeros in each kernel, from 0 to 1 [0.5].
        schedule: For prune: polynomial raises the share of zeros over two thirds of the steps;
            constant uses the whole share from the first step [polynomial].
        clusters: For cluster: the number of different values per kernel [16].
        quantize: For prune and cluster: the precision of the files that are measured before and
            after [float32].
        trained: For qat: also write a student with the weights of the file, which computes in
            float.
        hr_dir: Folders of HR images to train on. The default is the photographs that ship with
            scikit-image.
        steps: Number of optimizer steps.
        batch_size: Number of patches per step.
        patch_size: Side of an HR patch in px.
        learning_rate: The learning rate at the start, which falls by a cosine [1e-4 for qat, 1e-3
            for prune and cluster].
        seed: Makes the patches and the first clusters repeatable.
        images: Test images for the PSNR in dB, in the layout of `keras-pisr evaluate`. The default
            is three photographs that ship with scikit-image.
        report: Write settings, sizes and dB to this JSON file.
    """
    use_tensorflow()
    from rich.console import Console

    suffix = ".tflite" if method == "qat" else ".keras"
    if out.suffix != suffix:
        raise ValueError(f"With --method {method}, --out must end in {suffix}; got {out}.")
    if trained is not None and (method != "qat" or trained.suffix != ".keras"):
        raise ValueError("--trained FILE.keras goes with --method qat.")
    for name, value, owners in (
        ("--sparsity", sparsity, ("prune",)),
        ("--schedule", schedule, ("prune",)),
        ("--clusters", clusters, ("cluster",)),
        ("--quantize", quantize, ("prune", "cluster")),
    ):
        if value is not None and method not in owners:
            raise ValueError(f"{name} goes with --method {' or '.join(owners)}, not {method}.")
    if learning_rate is None:
        learning_rate = 1e-4 if method == "qat" else 1e-3
    settings = {"learning_rate": learning_rate, "steps": steps}
    if method == "prune":
        sparsity = 0.5 if sparsity is None else sparsity
        settings |= {"sparsity": sparsity, "schedule": schedule or "polynomial"}
    elif method == "cluster":
        settings |= {"clusters": 16 if clusters is None else clusters}
    precision = "int8" if method == "qat" else quantize or "float32"
    with without_notices(), tempfile.TemporaryDirectory() as folder:
        model, feed = student_and_batches(student, hr_dir, steps, batch_size, patch_size, seed)
        from keras_pisr.mobile.export.convert import to_tflite
        from keras_pisr.mobile.tfmot.training import cluster, prune
        from keras_pisr.mobile.tfmot.training_in_8_bit import train_in_8_bit, twin_to_tflite

        def measured(model, path, write=to_tflite):
            write(model, path, precision=precision)
            return Size.of(model, path, precision=precision, images=images)

        before = measured(model, f"{folder}/before.tflite")
        print(f"Training {steps} steps: {method}.", flush=True)
        verbose = 1 if sys.stdout.isatty() else 2
        if method == "qat":
            twin, result = train_in_8_bit(model, feed, verbose=verbose, **settings)
            with atomic_path(out) as temporary:
                twin_to_tflite(twin, temporary, student=model)
                after = Size.of(result, temporary, precision=precision, images=images)
        else:
            train = {"prune": prune, "cluster": cluster}[method]
            result = train(model, feed, verbose=verbose, **settings)
            after = measured(result, f"{folder}/after.tflite")
        for path in (trained,) if method == "qat" else (out,):
            if path is not None:
                with atomic_path(path) as temporary:
                    result.save(temporary)
    if report is not None:
        settings |= {"batch_size": batch_size, "patch_size": patch_size, "seed": seed}
        settings["hr_dir"] = [path.name for path in hr_dir] or "scikit-image"
        found = {
            "student": model.name,
            "method": method,
            "settings": settings,
            "file": precision,
            "images": images.name if images else "scikit-image",
            "before": dataclasses.asdict(before),
            "after": dataclasses.asdict(after),
        }
        with atomic_path(report) as temporary:
            temporary.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    Console().print(table(f"{method}: {out}", precision, before, after))
    if method != "qat":
        print(f"Next: python mobile/export.py {out} --quantize {precision} --out FILE.tflite")
    return 0


def student_and_batches(student, hr_dir, steps, batch_size, patch_size, seed):
    """The student of a file, and the batches of `steps` steps for its training."""
    import keras

    from keras_pisr.data import tf_patches
    from keras_pisr.mobile.export.convert import model_scale
    from keras_pisr.mobile.quantize.fine_tuning import training_pairs

    model, _ = resolve_model(student, accept=TRAINABLE)
    pairs = training_pairs(hr_dir, model_scale(model))
    keras.utils.set_random_seed(seed)
    feed = tf_patches(
        pairs, patch=patch_size, batch_size=batch_size, steps_per_epoch=steps, seed=seed
    )
    return model, feed


def table(title, precision, before, after):
    """The measurements, as a `rich.table.Table`."""
    from rich.table import Table

    result = Table(title=title)
    for name in ("", "before", "after"):
        result.add_column(name, justify="right" if name else "left")
    rows = {
        "zeros": lambda size: f"{size.zeros:.1%}",
        "values per kernel, at most": lambda size: f"{size.values}",
        f"{precision} .tflite": lambda size: f"{size.bytes / 1000:.1f} kB",
        "the same in gzip": lambda size: f"{size.gzip_bytes / 1000:.1f} kB",
        "PSNR, student": lambda size: f"{size.keras_psnr:.2f} dB",
        "PSNR, file": lambda size: f"{size.file_psnr:.2f} dB",
    }
    for name, cell in rows.items():
        result.add_row(name, cell(before), cell(after))
    return result


def main(argv=None):
    """Run the command line; returns the exit code."""
    return run_command(compress, argv)


if __name__ == "__main__":
    sys.exit(main())
