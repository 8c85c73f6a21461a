"""Train one phase after the other, each from the student that the one before it made."""

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

TESTS = ("Set5", "Set14", "B100")


def main(name, description, phases):
    """The command line of a settings file.

    Args:
        name: Name of the preset; the run is written to `runs/NAME`, each phase in a folder of its
            own.
        description: What `--help` says first.
        phases: Dict from the name of a phase to its `Settings`. Folders of images are relative to
            the data.
    """

    def train(
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
            smoke: A few steps per phase, only to see that everything runs.
        """

        def work():
            run_phases(phases, data, out, resume=resume, smoke=smoke)

        interrupted = "stopped. The same command with --resume continues."
        program = Path(sys.argv[0]).name
        sys.exit(run_with_one_line_errors(work, program, interrupted=interrupted))

    tyro.cli(train, description=description)


def run_phases(phases, data, out, *, resume=False, smoke=False):
    """Train the phases; returns the results of the last, which alone is scored on the test sets."""
    if resume:
        check_started(out)
    with without_notices():
        from pisr.run import run

    before, results = {}, None
    for i, (phase, settings) in enumerate(phases.items()):
        last = i == len(phases) - 1
        changed = shortened(
            dataclasses.replace(
                settings,
                **below(data, settings),
                **before,
                test_dirs=tuple(data / "benchmarks" / test for test in TESTS) if last else (),
                out=out / phase,
                resume=resume and (out / phase).exists(),
            ),
            smoke,
        )
        results = run(changed)
        before = {"start_from": str(out / phase / "one_stage.keras")}
    return results


def check_started(out):
    """Refuse to continue a run that never began."""
    if not out.is_dir():
        raise ValueError(f"--resume: there is no run in {out} to continue. Start one without it.")


def below(data, settings):
    """The settings' folders of images, in the folder of the data."""
    kinds = ("hr_dir", "jpeg_dir", "photo_dir")
    return {kind: tuple(data / "train" / x for x in getattr(settings, kind)) for kind in kinds}


def photographs(**changes):
    """The first phase of the recommended presets: clean photographs only."""
    return Settings(
        student="plain_sr",
        pisr=False,
        controls=("one_stage",),
        hr_dir=("T91",),
        sizes=(1, 0.9, 0.8, 0.7, 0.6),
        # JPEG files only shrunk, which removes what compression left.
        jpeg_dir=("BSDS400",),
        jpeg_sizes=(0.7, 0.5),
        photo_dir=("DIV2K_crops_Y", "photo_tiles_Y"),
        detail=1,
        batch_size=32,
        optimizer="soap",
        # More, or a shorter warm-up, leaves ReLUs that are off everywhere (docs/log/plain_sr.md).
        learning_rate=5e-3,
        warmup_steps=1000,
        # Level with float32 on held-out images, in two thirds of the time on a CPU with AVX-512.
        precision="mixed_bfloat16",
        **{"steps_per_epoch": 1000, "tensorboard": False, **changes},
    )


def with_drawings(before, **changes):
    """The last phase: larger batches and text, shapes and noise among the images."""
    return dataclasses.replace(
        before,
        **{"learning_rate": 3e-3, "batch_size": 64, "drawings": 0.03, "start_body_from": None},
        **changes,
    )
