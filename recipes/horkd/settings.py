"""Settings of the HORKD recipes, and their command line.

This module imports neither Keras nor a backend, so that `--help` and errors appear at once.
"""

import dataclasses
from pathlib import Path
from typing import Literal

import tyro

from horkd.methods import ROWS
from runs.command_line import run_command

METHODS = tuple(ROWS)
# Default methods; the others are for the table of ablations.
MAIN_METHODS = ("plain", "plain_long", "kd", "rkd", "takd", "horkd_123")


@dataclasses.dataclass
class Settings:
    """Train a teacher on HR images and students on LR images by several methods; compare them.

    Without arguments, this is a short run on letters rendered from the fonts of Matplotlib.
    """

    task: tyro.conf.Suppress[Literal["classification", "retrieval", "faces"]] = "classification"
    """The task that is scored."""

    data: Path | None = None
    """Images to train and score on: a folder of class folders, or a tar archive of one. If it
    holds train/ and val/, these are the two sets [letters drawn from the fonts of Matplotlib]."""
    tfds: str | None = None
    """Name of a TensorFlow dataset to use instead of --data, e.g. cifar100 or cars196."""
    train_classes: int | None = None
    """For retrieval and faces: the number of classes, the first ones, to train on. The test uses
    the others, which are new [three in five]."""
    hr_size: tuple[int, int] | None = None
    """Height and width of the HR images; others are cropped at the centre and resized
    [faces: 102 84; otherwise their own size]."""
    lr_factor: int | None = None
    """Factor by which the LR images are smaller [faces: 6; otherwise 4]."""
    gray: bool | None = None
    """Read gray images [letters and faces: yes]."""
    flip: bool | None = None
    """Mirror half of the training images [yes, except for letters]."""
    shift: int = 4
    """Move each training image by up to this many HR pixels."""

    epochs: int | None = None
    """Number of epochs of each step of a student or assistant [letters: 15]."""
    teacher_epochs: int | None = None
    """Number of epochs of the teacher [letters: 15]."""
    batch_size: int | None = None
    """Number of images per batch [128, or the most that a smaller set fills]."""
    per_class: int | None = None
    """Make batches of classes with this many images each [retrieval and faces: 4]."""
    label_smoothing: float = 0.0
    """Share of the label that the cross-entropy spreads over all classes, from 0 to 1."""
    learning_rate: float = 2e-3
    """Adam's learning rate at the start, which falls by a cosine with each step."""
    final_learning_rate: float = 1e-5
    """Adam's learning rate at the end."""
    warmup_steps: int = 20
    """Number of steps in which the learning rate rises linearly before the cosine."""
    averaging: float = 0.0
    """Keep a moving average of the weights over about this share of a stage's steps."""
    teacher_widths: tuple[int, ...] = (48, 96, 192)
    """Channels of the teacher's stages, one block each."""
    pretrained_teacher: Path | None = None
    """Network from which the teacher starts: a .keras file of a run on other HR images with the
    same --teacher-widths. A network for colour images may start a teacher for gray images."""
    pretrained_assistant: Path | None = None
    """The same for every assistant, and therefore for every student that starts from an
    assistant."""
    widths: tuple[int, ...] = (16, 32, 64)
    """Channels of the stages of student and assistant, one block each."""

    logits_weight: float = 1.0
    """Weight of logit distillation, if a method has it."""
    temperature: float = 4.0
    """Temperature of logit distillation: above 1 it smooths the teacher's probabilities."""
    individual_weight: float = 1.0
    """Weight of first-order relations, if a method has them."""
    distance_weight: float | None = None
    """Weight of second-order relations, if a method has them [classification: 7.5; otherwise
    25]."""
    angle_weight: float | None = None
    """Weight of third-order relations, if a method has them [classification: 15; otherwise 50]."""
    schedule: Literal["sequential", "joint"] = "sequential"
    """sequential trains the assistant before the student; joint trains both together."""
    source: Literal["assistant", "teacher", "both"] = "assistant"
    """The network, or both, that guides a student with an assistant."""

    methods: tuple[Literal[(*METHODS, "all")], ...] = MAIN_METHODS
    """Methods to run, which are rows of the table; `all` chooses every method."""
    seed: tyro.conf.Suppress[int] = 0
    """Seed of the current run, one of `seeds`."""
    seeds: tuple[int, ...] = (0,)
    """Every method is run once with each of these seeds. The table shows all finished runs in
    --out, so several commands can share the work. The teacher is trained once, with seed 0."""
    score_on: Literal["test", "validation"] = "test"
    """The images to score. Use validation to choose weights and schedules: a tenth of each class
    (classification) or the last sixth of the training classes is held out and scored, and the test
    images are not used."""

    out: Path | None = None
    """Folder for everything that this run writes [runs/horkd_TASK]."""
    resume: bool = False
    """Continue the run in --out where it was killed, or add methods and seeds to it."""
    tensorboard: bool = False
    """Write logs for TensorBoard (if TensorFlow is installed)."""

    def resolved(self):
        """These settings, checked, with values for all open ones."""
        letters = not (self.data or self.tfds)
        faces = self.task == "faces" and not letters
        metric = self.task != "classification"
        # docs/horkd_convergence.md says how these weights were found.
        relations = 1.0 if metric else 0.3
        if self.data and self.tfds:
            raise ValueError("Give either --data or --tfds.")
        absent = [name for name in ("epochs", "teacher_epochs") if getattr(self, name) is None]
        if not letters and absent:
            flags = " and ".join(f"--{name.replace('_', '-')} N" for name in absent)
            raise ValueError(
                f"With your own data, also give {flags}. --help shows a command with values to "
                "begin with."
            )
        defaults = {
            "hr_size": (102, 84) if faces else (32, 32) if letters else None,
            "lr_factor": 6 if faces else 4,
            "gray": letters or faces,
            "flip": not letters,
            "epochs": 15,
            "teacher_epochs": 15,
            "distance_weight": 25.0 * relations,
            "angle_weight": 50.0 * relations,
            "out": Path(f"runs/horkd_{self.task}"),
        }
        if metric:
            defaults["per_class"] = 4
        if "all" in self.methods:
            self = dataclasses.replace(self, methods=METHODS)
        left_open = {name: v for name, v in defaults.items() if getattr(self, name) is None}
        settings = dataclasses.replace(self, **left_open)
        if settings.per_class and (settings.batch_size or 0) % settings.per_class:
            raise ValueError(
                f"--batch-size {settings.batch_size} is not a multiple of --per-class "
                f"{settings.per_class}."
            )
        return settings

    def with_batch_size(self, labels):
        """These settings with a batch size that the images fill: relations need full batches.

        Args:
            labels: Class of each training image.

        Raises:
            ValueError: If the images do not fill the given batch size.
        """
        images, classes, group = len(labels), len(set(labels.tolist())), self.per_class or 1
        most = min(images, classes * self.per_class) if self.per_class else images
        most -= most % group
        if most < (self.batch_size or group):
            of_each = f" with --per-class {group}" if self.per_class else ""
            raise ValueError(
                f"{images} training images of {classes} classes do not fill a batch of "
                f"{self.batch_size or group}{of_each}: give --batch-size {most} or less, or leave "
                "it out."
            )
        largest = 128 - 128 % group
        return dataclasses.replace(self, batch_size=self.batch_size or min(largest, most))


def main(task, description):
    """The command line of one recipe."""
    run_command(Settings(task=task), description, "horkd.run")
