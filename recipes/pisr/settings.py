"""Settings of the PISR recipes, and their command line.

This module imports neither Keras nor a backend, so that `--help` and errors appear at once.
"""

import dataclasses
import sys
from pathlib import Path
from typing import Literal

import tyro

from keras_pisr.data.images.degradation import degradation
from runs.command_line import run_command


@dataclasses.dataclass
class Settings:
    """Train a privileged teacher, then its student, and compare.

    Without arguments, this is a short run on photographs that ship with scikit-image.
    """

    scale: tyro.conf.Suppress[int] = 2
    """Factor by which the networks enlarge."""

    hr_dir: tuple[Path, ...] = ()
    """Folders of HR images to train on [photographs that ship with scikit-image, if --jpeg-dir,
    --photo-dir and --tfds are not given either]."""
    sizes: tuple[float, ...] = (1.0,)
    """Sizes in which the images of --hr-dir or --tfds are trained on, as factors of their sides:
    1 0.85 0.7 makes three copies of each image."""
    jpeg_dir: tuple[Path, ...] = ()
    """Folders of further HR images that were compressed (JPEG), trained on in the sizes of
    --jpeg-sizes only: shrinking removes what compression left behind."""
    jpeg_sizes: tuple[float, ...] = (0.7, 0.5)
    """The sizes of the images of --jpeg-dir, as in --sizes."""
    photo_dir: tuple[Path, ...] = ()
    """Folders of further HR images, clean and large, trained on in the sizes of --photo-sizes."""
    photo_sizes: tuple[float, ...] = (1.0,)
    """The sizes of the images of --photo-dir, as in --sizes. A size that is given twice counts the
    images twice."""
    lr_dir: Path | None = None
    """Folder with the LR images of --hr-dir in size 1, if you have them. All other LR images are
    made by the exact bicubic of the protocol."""
    tfds: str | None = None
    """Name of a TensorFlow dataset to train on instead of folders, e.g. div2k."""
    stream: bool = False
    """Read images when training needs them, for folders larger than memory. A damaged file is then
    left out with a warning. The images that are held out stay in memory."""
    validation_images: int | None = None
    """Number of images that are held out for the curves: the last ones of each of --hr-dir,
    --jpeg-dir and --photo-dir, in the first of their sizes [10, or a fifth if there are fewer than
    50 images]. Without --test-dirs, they are also scored at the end."""
    drawings: float = 0.0
    """Number of drawings (text, shapes, patterns, noise) to add, as a share of the training images,
    from 0 to 1, counting shrunk copies. 0.03 in a last phase (--start-from) prevents specks beside
    hard edges. Half of the drawings are shrunk like photographs, half are as on a screen."""
    screens: float = 0.0
    """Number of further drawings to add, of text and shapes as on a screen, as a share like
    --drawings. With 0.06, a recommended student enlarges shapes with hard edges better than bicubic
    does."""
    degrade: str | None = None
    """Degradations of the LR images, which are drawn again in every epoch: blur, noise and jpeg in
    this order, joined by +. Each may have a range and the share of patches that it is applied to,
    e.g. noise:0-10+jpeg:30-95@0.8. Images that are held out are degraded once. At the end, models
    are scored on clean and on degraded images. docs/data.md has the units."""
    test_dirs: tuple[Path, ...] = ()
    """Benchmark folders that are scored at the end. Each holds HR/ and may hold LR_bicubic/X2/."""

    student: Literal["fsrcnn", "residual_fsrcnn", "plain_sr", "vdsr", "idn", "carn", "carn_m"] = (
        "fsrcnn"
    )
    """The network to train. fsrcnn is the paper's, residual_fsrcnn the same with a residual and
    ReLUs, and plain_sr that of the recommended presets. The others are the larger networks that
    the paper shows beside FSRCNN (docs/method.md)."""
    size: Literal["small", "medium"] = "small"
    """Size of the student plain_sr: about 13 or about 40 thousand weights."""
    slope_per_channel: bool = False
    """Give fsrcnn one PReLU slope per channel (12,809 parameters), not one per layer (12,644)."""
    pisr: bool = True
    """Train a teacher and its student. --no-pisr trains only the controls, without a teacher."""

    schedule: Literal["short", "paper"] = "short"
    """Defaults of the options below. `paper` is the paper's: 1000 epochs of 1000 steps per stage,
    an HR patch of 192 px, the reference's random start, no moving average."""
    epochs: int | None = None
    """Number of epochs of each stage [short: 6, paper: 1000]."""
    teacher_epochs: int | None = None
    """Number of epochs of stage 1 [--epochs]. The control two_stages is trained for the epochs of
    both stages together."""
    steps_per_epoch: int | None = None
    """Number of steps per epoch [short: 100, paper: 1000]."""
    batch_size: int = 16
    """Number of patches per step."""
    patch_size: int | None = None
    """Side of the HR patch in px, a multiple of the scale [short: 48, paper: 192]."""
    detail: float = 0.0
    """How strongly patches with detail are preferred to smooth ones: 0 means not at all. With 1,
    twice as many patches are drawn and half of them kept, by the detail that the HR patch has
    beyond the LR patch."""
    optimizer: Literal["adam", "soap"] | None = None
    """Adam is the paper's optimizer. SOAP needs fewer steps (docs/log/training.md) [short: soap,
    paper: adam]."""
    refresh_every: int = 10
    """Number of steps from one basis of SOAP to the next. On a GPU, a new basis costs more than a
    step."""
    learning_rate: float | None = None
    """The learning rate at the start, which falls by a cosine with each step [soap: 1e-2, adam:
    1e-3, either with --start-from: 3e-4]."""
    final_learning_rate: float = 1e-5
    """The learning rate at the end."""
    warmup_steps: int | None = None
    """Number of steps in which the learning rate rises linearly before the cosine. Without them,
    the first steps destroy a bicubic start [short: 100, paper: 0]."""
    start: Literal["bicubic", "reference"] | None = None
    """Weights to start from: bicubic interpolation, or random ones, uniform as in the reference
    [short: bicubic, paper: reference]."""
    start_from: str | None = None
    """A trained student to start from instead: a .keras file, or the name or folder of a preset,
    e.g. plain_sr_x2_small with --student plain_sr. This pays for images of another kind than it was
    trained on: 600 steps on drawings of text gained 1.34 dB on text (at --learning-rate 3e-3: 1.92
    dB) and lost 0.86 dB on photographs (1.87 dB). On photographs it gained nothing at any rate and
    lost 0.01 dB at 3e-4, 0.10 dB at 1e-2 (docs/guides/own_data.md)."""
    start_body_from: str | None = None
    """A trained plain_sr of another scale, a file or a preset as in --start-from. All layers whose
    shapes fit are copied from it. The others, which compute sub-pixels, start as --start says."""
    averaging: float | None = None
    """Keep a moving average of the weights over about this share of the steps of a stage; 0 keeps
    the last weights [short: 0.05, paper: 0]."""
    seed: int = 0
    """Makes weights, batches and drawings repeatable on one backend."""
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    """Keras' dtype policy of the training. The last layer, the code and every loss stay in float32,
    and the trained networks are saved and scored in float32. A network with grouped convolutions
    can learn to undo the rounding of 16 bit and is then worse in float32."""

    imitation_weight: float = 1e-4
    """Stage 1: the weight of the imitation loss; 0 turns it off."""
    distillation: Literal["laplace", "gaussian", "l1", "l2", "none"] = "laplace"
    """Stage 2: the loss that compares the teacher's feature with the student's."""
    distillation_weight: float = 1e-6
    """Stage 2: the weight of that loss."""
    feature: str | None = None
    """Stage 2: the name of the layer that is distilled [fsrcnn, residual_fsrcnn: expanding, others:
    features]."""
    start_from_decoder: bool = True
    """Stage 2: start the student from the weights of the teacher's decoder."""
    controls: tuple[Literal["one_stage", "two_stages"], ...] = ("one_stage", "two_stages")
    """Students to train alone: one_stage for the steps of stage 2, as the paper compares, and
    two_stages for the steps of both stages, which is an equal budget."""

    out: Path | None = None
    """Folder for everything that this run writes [runs/pisr_x2]."""
    resume: bool = False
    """Continue the run in --out where it was killed."""
    distribute: Literal["none", "mirrored", "multi_worker", "data_parallel"] = "none"
    """Share every batch among all devices of this machine (mirrored on TensorFlow, data_parallel
    on JAX) or of a cluster (multi_worker on TensorFlow). For a cluster, start the same command on
    every host, each with its TF_CONFIG, and with --out on a disk that all hosts see. Only the chief
    (worker 0) writes there; the others read there with --resume."""
    tensorboard: bool = True
    """Write logs for TensorBoard (if TensorFlow is installed)."""

    def filled(self, **defaults):
        """These settings with `defaults` for those left open."""
        left_open = {name: v for name, v in defaults.items() if getattr(self, name) is None}
        return dataclasses.replace(self, **left_open)

    def resolved(self):
        """These settings, checked, with the values of the schedule for all open ones."""
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
            learning_rate=3e-4
            if settings.start_from
            else {"soap": 1e-2, "adam": 1e-3}[settings.optimizer],
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
        for name in ("drawings", "screens"):
            if not 0 <= getattr(settings, name) <= 1:
                raise ValueError(f"--{name} must be a share from 0 to 1.")
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
        if self.stream and (self.drawings or self.screens or self.tfds):
            raise ValueError("--stream is for folders, without --drawings, --screens and --tfds.")
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
    if any(word.partition("=")[0] == "--scale" for word in sys.argv[1:]):
        recipe = Path(sys.argv[0]).name
        print(
            f"{recipe}: error: This recipe is for x{scale}; run pisr_x2.py, pisr_x3.py or "
            "pisr_x4.py instead of giving --scale.",
            file=sys.stderr,
        )
        sys.exit(2)
    run_command(Settings(scale=scale), description, "pisr.run")
