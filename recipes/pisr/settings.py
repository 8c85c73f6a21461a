"""What can be set in the PISR recipes, and their command line.

Imports neither Keras nor a backend, so that `--help` and mistakes answer at once.
"""

import dataclasses
from pathlib import Path
from typing import Literal

import tyro

from keras_pisr.data.images.degradation import degradation
from runs.command_line import run_command


@dataclasses.dataclass
class Settings:
    """Train a privileged teacher, then its student, and compare.

    Without arguments: a short run on photographs that ship with scikit-image.
    """

    scale: tyro.conf.Suppress[int] = 2
    """Upscaling factor."""

    hr_dir: tuple[Path, ...] = ()
    """Folders of HR images to train on. Without any, and without --jpeg-dir or --tfds: embedded
    photographs."""
    sizes: tuple[float, ...] = (1.0,)
    """Sizes in which those images (or those of --tfds) are trained on, as factors of their sides:
    1 0.85 0.7 gives three copies of each."""
    jpeg_dir: tuple[Path, ...] = ()
    """Folders of further HR images that were compressed (JPEG), trained on in the sizes of
    --jpeg-sizes only: shrinking removes what compression left behind."""
    jpeg_sizes: tuple[float, ...] = (0.7, 0.5)
    """As --sizes, for the images of --jpeg-dir."""
    photo_dir: tuple[Path, ...] = ()
    """Folders of further HR images, clean and large, trained on in the sizes of --photo-sizes."""
    photo_sizes: tuple[float, ...] = (1.0,)
    """As --sizes, for the images of --photo-dir. A size given twice counts the images twice."""
    lr_dir: Path | None = None
    """The LR images of --hr-dir in size 1, if you have them; those of other sizes, and else all,
    are made by the exact bicubic of the protocol."""
    tfds: str | None = None
    """Train on this TensorFlow dataset instead, e.g. div2k."""
    stream: bool = False
    """Read images as training needs them, for folders larger than memory: a damaged file is then
    left out with a warning. The images held out are in memory."""
    validation_images: int | None = None
    """How many of the images, the last ones, are held out for the curves, of --hr-dir, --jpeg-dir
    and --photo-dir each, in the first of their sizes [10; a fifth of fewer than 50]. Without
    --test-dirs they are scored at the end, too."""
    drawings: float = 0.0
    """How many drawings (text, shapes, patterns, noise, made anew) to add, as a share of the images
    trained on, shrunk copies counted: 0.03 in a last phase (--start-from) prevents specks beside
    hard edges. Half of them are shrunk as photographs are, half as a screen shows them."""
    degrade: str | None = None
    """What LR images have beyond bicubic, drawn anew in every epoch: blur, noise and jpeg in this
    order, joined by +, each perhaps with a range and the share of patches that it meets, e.g.
    noise:0-10+jpeg:30-95@0.8. Held-out images are degraded once. At the end, models are scored on
    images as they are and degraded, too. docs/data.md has the units."""
    test_dirs: tuple[Path, ...] = ()
    """Benchmark folders, each with HR/ and perhaps LR_bicubic/X2/, scored at the end."""

    student: Literal["fsrcnn", "residual_fsrcnn", "plain_sr", "vdsr", "idn", "carn", "carn_m"] = (
        "fsrcnn"
    )
    """The network: the paper's, the paper's with a residual and ReLUs, or that of the recommended
    presets; or one of the larger networks that the paper shows beside FSRCNN (docs/method.md)."""
    size: Literal["small", "medium"] = "small"
    """Size of the student plain_sr."""
    slope_per_channel: bool = False
    """FSRCNN with a PReLU slope for each channel, 12,809 parameters, not one for each layer."""
    pisr: bool = True
    """With --no-pisr, train the controls only, without a teacher."""

    schedule: Literal["short", "paper"] = "short"
    """Fills in what is left open below. `paper`: 1000 epochs of 1000 steps per stage, HR patch
    192, the reference's random start, no moving average."""
    epochs: int | None = None
    """Epochs of each stage [short: 6, paper: 1000]."""
    teacher_epochs: int | None = None
    """Epochs of stage 1, if not as many as of stage 2. The control two_stages takes as many as
    both together."""
    steps_per_epoch: int | None = None
    """Steps of an epoch [short: 100, paper: 1000]."""
    batch_size: int = 16
    patch_size: int | None = None
    """Side of the HR patch in pixels, a multiple of the scale [short: 48, paper: 192]."""
    detail: float = 0.0
    """How strongly patches with detail are preferred to smooth ones: 0 not at all; with 1, half
    of twice as many patches is kept, drawn by what the HR patch holds beyond the LR one."""
    optimizer: Literal["adam", "soap"] | None = None
    """Adam as in the paper, or SOAP, which takes fewer steps: docs/log/training.md [short: soap,
    paper: adam]."""
    refresh_every: int = 10
    """Steps from one basis of SOAP to the next: on a GPU a new basis costs more than a step."""
    learning_rate: float | None = None
    """At the start; falls by a cosine, step by step [soap: 1e-2, adam: 1e-3]."""
    final_learning_rate: float = 1e-5
    warmup_steps: int | None = None
    """Steps of linear rise before the cosine: without it, the first steps throw a bicubic
    start away [short: 100, paper: 0]."""
    start: Literal["bicubic", "reference"] | None = None
    """Weights to start from: bicubic interpolation, or uniform as in the reference
    [short: bicubic, paper: reference]."""
    start_from: str | None = None
    """A trained student to go on from instead: a .keras file, or the name or folder of a preset,
    e.g. fsrcnn_x2 to fit it to images of yours. A smaller --learning-rate, e.g. 3e-3, keeps more
    of it."""
    start_body_from: str | None = None
    """A trained plain_sr of another scale to take all layers from whose shapes fit: all but those
    that compute sub-pixels, which start as --start says. As --start-from, a file or a preset."""
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
    feature: str | None = None
    """Stage 2: the layer that is distilled [fsrcnn, residual_fsrcnn: expanding, others:
    features]."""
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

    def filled(self, **defaults):
        """These settings with `defaults` for those left open."""
        left_open = {name: v for name, v in defaults.items() if getattr(self, name) is None}
        return dataclasses.replace(self, **left_open)

    def resolved(self):
        """These settings with what the schedule decides filled in, checked."""
        short = self.schedule == "short"
        settings = self.filled(
            epochs=6 if short else 1000,
            steps_per_epoch=100 if short else 1000,
            patch_size=48 if short else 192,
            start="bicubic" if short else "reference",
            optimizer="soap" if short else "adam",
            averaging=0.05 if short else 0.0,
            warmup_steps=100 if short else 0,
            out=Path(f"runs/pisr_x{self.scale}"),
            feature="expanding" if "fsrcnn" in self.student else "features",
        )
        settings = settings.filled(
            teacher_epochs=settings.epochs,
            learning_rate={"soap": 1e-2, "adam": 1e-3}[settings.optimizer],
        )
        if settings.patch_size % self.scale:
            raise ValueError(
                f"--patch-size {settings.patch_size} is not a multiple of {self.scale}."
            )
        for name, least in (
            *(("epochs", 1), ("teacher_epochs", 1), ("steps_per_epoch", 1)),
            *(("validation_images", 1), ("detail", 0)),
        ):
            if getattr(settings, name) is not None and getattr(settings, name) < least:
                raise ValueError(f"--{name.replace('_', '-')} must be {least} or more.")
        degradation(settings.degrade, lr_given=self.lr_dir is not None)
        if not 0 <= settings.drawings <= 1:
            raise ValueError("--drawings must be a share from 0 to 1.")
        for name in ("sizes", "jpeg_sizes", "photo_sizes"):
            if not getattr(self, name) or min(getattr(self, name)) <= 0:
                raise ValueError(f"--{name.replace('_', '-')} must be factors above 0.")
        if self.sizes != (1.0,) and not (self.hr_dir or self.tfds):
            raise ValueError("--sizes needs --hr-dir or --tfds.")
        if self.lr_dir and 1 not in self.sizes:
            raise ValueError("--lr-dir has the LR images of size 1: add 1 to --sizes.")
        if self.slope_per_channel and self.student != "fsrcnn":
            raise ValueError("--slope-per-channel is for --student fsrcnn.")
        if self.student != "plain_sr" and (self.size != "small" or self.start_body_from):
            raise ValueError("--size and --start-body-from are for --student plain_sr.")
        if self.start_from and self.start_body_from:
            raise ValueError("Give either --start-from or --start-body-from.")
        if self.stream and (self.drawings or self.tfds):
            raise ValueError("--stream is for folders, without --drawings and --tfds.")
        if self.stream and not (self.hr_dir or self.jpeg_dir or self.photo_dir):
            raise ValueError("--stream needs --hr-dir, --jpeg-dir or --photo-dir.")
        if self.lr_dir and not self.hr_dir:
            raise ValueError("--lr-dir needs --hr-dir.")
        if not self.pisr and not self.controls:
            raise ValueError("--no-pisr leaves nothing to train without --controls.")
        if self.tfds and (self.hr_dir or self.jpeg_dir or self.photo_dir):
            raise ValueError("Give either --tfds or folders.")
        return settings


def main(scale, description):
    """The command line of one recipe."""
    run_command(Settings(scale=scale), description, "pisr.run")
