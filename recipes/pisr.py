"""What the three PISR recipes share: settings, stages, controls, scores.

`pisr_x2.py`, `pisr_x3.py` and `pisr_x4.py` call `main` with their scale. Read from the top:
what can be set, then the run as a list of stages, then how one stage is trained.
"""

import dataclasses
import sys
from pathlib import Path
from typing import Literal

import keras
import tyro
from placement import place
from rich.console import Console
from rich.table import Table
from run_folder import RunFolder, environment
from stages import Stages

import keras_pisr as kp


@dataclasses.dataclass
class Settings:
    """Train a privileged teacher, then its student, and compare.

    Without arguments: a short run on photographs that ship with scikit-image.
    """

    scale: tyro.conf.Suppress[int] = 2
    """Upscaling factor."""

    hr_dir: tuple[Path, ...] = ()
    """Folders of HR images to train on. Without any, and without --tfds: embedded
    photographs."""
    lr_dir: Path | None = None
    """Their LR images, if you have them; else made by the exact bicubic of the protocol."""
    tfds: str | None = None
    """Train on this TensorFlow dataset instead, e.g. div2k."""
    validation_images: int = 10
    """How many of the training images (the last by name) are held out for the curves."""
    test_dirs: tuple[Path, ...] = ()
    """Benchmark folders, each with HR/ and perhaps LR_bicubic/X2/, scored at the end."""

    schedule: Literal["short", "paper"] = "short"
    """Fills in what is left open below. `paper`: 1000 epochs of 1000 steps a stage, HR patch
    192, the reference's random start, no moving average."""
    epochs: int | None = None
    """Epochs of each stage [short: 6, paper: 1000]."""
    steps_per_epoch: int | None = None
    """Steps of an epoch [short: 100, paper: 1000]."""
    batch_size: int = 16
    patch_size: int | None = None
    """Side of the HR patch in pixels, a multiple of the scale [short: 48, paper: 192]."""
    learning_rate: float = 1e-3
    """Of Adam, at the start; falls by a cosine, step by step."""
    final_learning_rate: float = 1e-5
    warmup_steps: int | None = None
    """Steps of linear rise before the cosine: without it, Adam's first steps throw a bicubic
    start away [short: 100, paper: 0]."""
    start: Literal["bicubic", "reference"] | None = None
    """Weights to start from: bicubic interpolation, or uniform as in the reference
    [short: bicubic, paper: reference]."""
    averaging: float | None = None
    """Keep a moving average of the weights over about this share of a stage's steps; 0 keeps
    the last weights [short: 0.05, paper: 0]."""
    seed: int = 0
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"

    imitation_weight: float = 1e-4
    """Stage 1: weight of the imitation loss; 0 turns it off."""
    distillation: Literal["laplace", "gaussian", "l1", "l2", "none"] = "laplace"
    """Stage 2: how the teacher's feature is compared with the student's."""
    distillation_weight: float = 1e-6
    feature: str = "expanding"
    """Stage 2: the layer that is distilled."""
    start_from_decoder: bool = True
    """Stage 2: the student starts from the teacher's decoder."""
    controls: tuple[Literal["one_stage", "two_stages"], ...] = ("two_stages",)
    """The student alone, for the budget of stage 2 and for that of both stages."""

    out: Path | None = None
    """Folder of everything this run writes [runs/pisr_x2]."""
    resume: bool = False
    """Continue the run in --out where it was killed."""
    distribute: Literal["none", "mirrored", "multi_worker", "data_parallel"] = "none"
    """Share every batch among all devices of this machine (mirrored on TensorFlow,
    data_parallel on JAX) or of a cluster (multi_worker on TensorFlow): start the same command on
    every host, each with its TF_CONFIG, and with --out on a disk that all of them see. Only the
    chief (worker 0) writes; the others read there to --resume."""
    tensorboard: bool = True
    """Write logs for TensorBoard (if TensorFlow is installed)."""

    def resolved(self):
        """These settings with what the schedule decides filled in, checked."""
        short = self.schedule == "short"
        defaults = {
            "epochs": 6 if short else 1000,
            "steps_per_epoch": 100 if short else 1000,
            "patch_size": 48 if short else 192,
            "start": "bicubic" if short else "reference",
            "averaging": 0.05 if short else 0.0,
            "warmup_steps": 100 if short else 0,
            "out": Path(f"runs/pisr_x{self.scale}"),
        }
        left_open = {name: v for name, v in defaults.items() if getattr(self, name) is None}
        settings = dataclasses.replace(self, **left_open)
        if settings.patch_size % self.scale:
            raise ValueError(
                f"--patch-size {settings.patch_size} is not a multiple of {self.scale}."
            )
        if self.lr_dir and not self.hr_dir:
            raise ValueError("--lr-dir needs --hr-dir.")
        if self.tfds and self.hr_dir:
            raise ValueError("Give either --tfds or --hr-dir.")
        return settings


def load_images(settings):
    """Pairs to train on, and pairs held out of it for curves and pictures."""
    if settings.hr_dir:
        pairs = kp.data.ImagePairs.from_folder(
            settings.hr_dir, lr_dir=settings.lr_dir, scale=settings.scale
        )
    elif settings.tfds:
        name = f"{settings.tfds}/bicubic_x{settings.scale}"
        pairs = kp.data.ImagePairs.from_tfds(name, split="train", scale=settings.scale)
    else:
        return (
            kp.data.ImagePairs.from_samples("train", scale=settings.scale),
            kp.data.ImagePairs.from_samples("validation", scale=settings.scale),
        )
    return pairs.split(-settings.validation_images)


def test_folders(settings):
    """Benchmark folders to score on; without any, the embedded test photographs."""
    if settings.test_dirs:
        return {folder.name: folder for folder in settings.test_dirs}
    folder = settings.out / "held_out"
    for name, image in kp.data.sample_images("test").items():
        kp.data.write_image(folder / "HR" / f"{name}.png", image)
    return {"held_out": folder}


def new_student(settings):
    """An FSRCNN with the chosen start."""
    student = kp.models.FSRCNN(scale=settings.scale)
    if settings.start == "bicubic":
        kp.models.start_as_bicubic(student, seed=settings.seed)
    return student


def new_teacher(settings):
    """A privileged teacher around an FSRCNN, with the chosen start."""
    teacher = kp.models.PrivilegedTeacher(kp.models.FSRCNN(scale=settings.scale))
    if settings.start == "bicubic":
        kp.models.start_as_bicubic(teacher, seed=settings.seed)
    return teacher


FEATURE_LOSSES = {
    "laplace": kp.losses.LaplaceNLL,
    "gaussian": kp.losses.GaussianNLL,
    "l1": keras.losses.MeanAbsoluteError,
    "l2": keras.losses.MeanSquaredError,
    "none": lambda: None,
}


def feed(pairs, settings, first_epoch):
    """Training batches from an epoch on: tf.data on TensorFlow, NumPy elsewhere."""
    make = kp.data.PatchSequence
    if keras.backend.backend() == "tensorflow":
        make = kp.data.tf_patches
    return make(
        pairs,
        patch=settings.patch_size,
        batch_size=settings.batch_size,
        steps_per_epoch=settings.steps_per_epoch,
        seed=settings.seed,
        first_epoch=first_epoch,
    )


def run(settings):
    """Every stage, then the scores; returns what `results.json` holds."""
    settings = settings.resolved()
    placement = place(settings.distribute)
    if settings.batch_size % placement.replicas:
        raise ValueError(
            f"--batch-size {settings.batch_size} cannot be shared by {placement.replicas} devices "
            "equally."
        )
    folder = RunFolder(settings.out, settings, resume=settings.resume, writes=placement.writes)
    keras.config.set_dtype_policy(settings.precision)
    training, held_out = load_images(settings)
    lr, hr = kp.data.fixed_patches(held_out, patch=settings.patch_size)
    stages = Stages(
        folder,
        settings,
        placement,
        feed=lambda epoch: feed(training, settings, epoch),
        validation_data=(lr[:128], hr[:128]),
        metrics=lambda: [kp.metrics.PSNR(shave=settings.scale, round_to_8bit=True)],
    )

    def teacher():
        model = new_teacher(settings)
        return model, kp.distillers.PrivilegedTeacherTrainer(
            model, imitation_weight=settings.imitation_weight
        )

    def student():
        model = new_student(settings)
        distils = settings.distillation != "none"
        return model, kp.distillers.PrivilegedDistiller(
            teacher=models["teacher"],
            student=model,
            feature=settings.feature,
            feature_loss=FEATURE_LOSSES[settings.distillation](),
            distillation_weight=settings.distillation_weight if distils else 0,
            start_from_decoder=settings.start_from_decoder,
        )

    def alone():
        model = new_student(settings)
        return model, kp.distillers.Distiller(model, main_term="reconstruction")

    models = {}
    models["teacher"] = stages.train("teacher", teacher, settings.epochs)
    models["student"] = stages.train("student", student, settings.epochs)
    for control in settings.controls:
        epochs = settings.epochs * (2 if control == "two_stages" else 1)
        models[control] = stages.train(control, alone, epochs)
    if not placement.writes:
        return None
    # Images are scored one by one, which cannot be shared.
    keras.distribution.set_distribution(None)

    results = {
        "settings": folder.settings,
        "environment": environment(),
        "training_images": len(training),
        "stages": stages.records,
        "scores": score(models, test_folders(settings), folder, settings.scale),
    }
    folder.write_json("results.json", results)
    kp.plot_history(
        {name: record["history"] for name, record in stages.records.items()},
        folder / "curves.png",
    )
    show(results["scores"], settings)
    return results


def score(models, tests, folder, scale):
    """PSNR and SSIM of bicubic, controls and student on every test folder, and pictures."""
    scores = {}
    # The teacher reads the HR image: a score for it would be no super-resolution.
    for name in ["bicubic", *(name for name in models if name != "teacher")]:
        model = name
        if name != "bicubic":
            # From the file: the model in memory may be spread over several devices.
            model = keras.saving.load_model(folder / f"{name}.keras")
        scores[name] = {}
        for test, path in tests.items():
            pictures = folder / "pictures" / test if name == "student" else None
            result = kp.evaluate(model, path, scale=scale, pictures=pictures)
            scores[name][test] = {"psnr": result.psnr, "ssim": result.ssim}
    return scores


LABELS = {
    "bicubic": "bicubic",
    "one_stage": "FSRCNN alone, budget of one stage",
    "two_stages": "FSRCNN alone, budget of both stages",
    "student": "FSRCNN + PISR",
}


def show(scores, settings):
    """Print the table of scores and where everything lies."""
    tests = list(scores["bicubic"])
    table = Table("x" + str(settings.scale), *tests, title="PSNR dB / SSIM on luma")
    for name in (label for label in LABELS if label in scores):
        row = scores[name]
        table.add_row(
            LABELS[name], *(f"{row[test]['psnr']:.2f} / {row[test]['ssim']:.4f}" for test in tests)
        )
    console = Console(highlight=False)
    console.print(table)
    out = settings.out
    console.print(
        f"Student: {out}/student.keras\nScores, settings and curves: {out}/results.json, "
        f"{out}/curves.png\nPictures: {out}/pictures/",
        soft_wrap=True,
    )


def main(scale, description):
    """Read the command line and run; a user's mistake ends in one line, not a traceback."""
    settings = tyro.cli(Settings, default=Settings(scale=scale), description=description)
    try:
        run(settings)
    except ValueError as error:
        sys.exit(f"error: {error}")
