"""What the settings files of presets share: their command line, and settings by family."""

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import tyro

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from keras_pisr.console.one_line_errors import run_with_one_line_errors
from keras_pisr.console.quiet import without_notices
from pisr.settings import Settings
from runs.command_line import shortened

FSRCNN_PATCH_SIZE = {2: 64, 3: 96, 4: 128}  # 32 px of the LR image.
TESTS = ("Set5", "Set14", "B100")


def main(name, description, settings, *, before=()):
    """The command line of a settings file.

    Args:
        name: Name of the preset; the run is written to `runs/NAME`.
        description: What `--help` says first.
        settings: `Settings` of the run. Folders of images are relative to the data.
        before: `Settings` of runs that come first; each run starts from the student of the one
            before it. They are written to `runs/NAME/run_1` and so on.
    """

    def command(
        data: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="DATA")],
        out: Path = Path("runs") / name,
        resume: bool = False,
        smoke: bool = False,
    ):
        """Train the preset.

        Args:
            data: Folder with train/T91, train/BSDS400 and so on, and benchmarks/Set5 and so on.
            out: Folder of everything that this run writes.
            resume: Continue the run in --out where it was killed.
            smoke: A few steps, only to see that everything runs.
        """

        def work():
            options = {"resume": resume, "smoke": smoke}
            train(settings, data, out, before=before, **options)

        interrupted = "stopped. The same command with --resume continues."
        program = Path(sys.argv[0]).name
        sys.exit(run_with_one_line_errors(work, program, interrupted=interrupted))

    tyro.cli(command, description=description)


def train(settings, data, out, *, before=(), resume=False, smoke=False):
    """Train by these settings and score on the test sets; returns the results of the run."""
    with without_notices():
        from pisr.run import run

    kinds = ("hr_dir", "jpeg_dir", "photo_dir")

    def here(settings, out, **changes):
        folders = {
            kind: tuple(data / "train" / x for x in getattr(settings, kind)) for kind in kinds
        }
        return shortened(dataclasses.replace(settings, **folders, out=out, **changes), smoke)

    start = {}
    for number, earlier in enumerate(before, 1):
        folder = out / f"run_{number}"
        started = (folder / "settings.json").exists()
        run(here(earlier, folder, resume=resume and (number == 1 or started), **start))
        start = {"start_from": str(folder / "one_stage.keras")}
    if before:
        resume = resume and (out / "settings.json").exists()
    tests = tuple(data / "benchmarks" / test for test in TESTS)
    return run(here(settings, out, test_dirs=tests, resume=resume, **start))


def fsrcnn(scale, **changes):
    """Settings of an FSRCNN or ResidualFSRCNN, trained on T91 and BSDS400."""
    common = {
        "optimizer": "soap",
        "learning_rate": 1e-2,
        "hr_dir": ("T91",),
        "sizes": (1, 0.9, 0.8, 0.7, 0.6),
        # JPEG files only shrunk, which removes what compression left.
        "jpeg_dir": ("BSDS400",),
        "jpeg_sizes": (0.7, 0.5),
        "detail": 1,
        "patch_size": FSRCNN_PATCH_SIZE[scale],
    }
    return Settings(scale=scale, **{**common, **changes})


def plain_sr(scale, **changes):
    """Settings of the recommended presets: photographs, and a few drawings among them."""
    settings = {
        "student": "plain_sr",
        "pisr": False,
        "controls": ("one_stage",),
        "hr_dir": ("T91",),
        "sizes": (1, 0.9, 0.8, 0.7, 0.6),
        # JPEG files only shrunk, which removes what compression left.
        "jpeg_dir": ("BSDS400",),
        "jpeg_sizes": (0.7, 0.5),
        "photo_dir": ("DIV2K_crops_Y", "photo_tiles_Y"),
        # Text, shapes and noise, without which there are specks beside hard edges.
        "drawings": 0.03,
        "detail": 1,
        # 64, 48 and 40 px of the LR image, as large as the small photographs allow.
        "patch_size": {2: 128, 3: 144, 4: 160}[scale],
        "batch_size": 32,
        "optimizer": "soap",
        # More, or a shorter warm-up, leaves ReLUs that are off everywhere (docs/log/plain_sr.md).
        "learning_rate": 5e-3,
        "warmup_steps": 1000,
        # On a GPU, a new basis costs more than a step.
        "refresh_every": 20,
        # Level with float32 on held-out images, in two thirds of the time on a CPU with AVX-512.
        "precision": "mixed_bfloat16",
        "steps_per_epoch": 1000,
        "tensorboard": False,
    }
    return Settings(scale=scale, **{**settings, **changes})


def finish(scale, **changes):
    """Settings of a last, shorter run: smaller patches, so that small photographs count, too."""
    options = {"patch_size": 32 * scale, "learning_rate": 3e-3, "refresh_every": 10, "epochs": 8}
    return plain_sr(scale, **{**options, **changes})


def screens(scale, **changes):
    """Settings of a last, short run, with which shapes as drawn are better than by bicubic."""
    options = {"screens": 0.06, "learning_rate": 1e-3, "warmup_steps": 200, "averaging": 0.1}
    return finish(scale, **{**options, "batch_size": 64, "epochs": 2, **changes})


def jpeg(**changes):
    """Settings of a last run at x2 on photographs, half of which are saved as JPEG."""
    options = {"degrade": "jpeg:30-95@0.5", "batch_size": 64}
    return finish(2, **{**options, **changes})
