"""The command line of a recipe: it reads the settings, and reports a user's mistake in one line."""

import dataclasses
import importlib
import logging
import os
import sys
from pathlib import Path

import tyro

from keras_pisr.console.one_line_errors import run_with_one_line_errors
from keras_pisr.console.quiet import without_notices

# Settings of a run of a few steps, which replace those of the command line if the recipe has them.
SMOKE = {
    "epochs": 1,
    "teacher_epochs": 1,
    "steps_per_epoch": 2,
    "patch_size": 24,
    "warmup_steps": 0,
    "seeds": (0,),
}


def shortened(settings, smoke=False):
    """The settings of a run of a few steps, if `smoke` or the environment asks for it.

    With `KERAS_PISR_SMOKE=1`, every recipe takes only a few steps, so that a documented command can
    be tried unchanged in seconds.
    """
    if not smoke and not os.environ.get("KERAS_PISR_SMOKE"):
        return settings
    names = {field.name for field in dataclasses.fields(settings)}
    changes = {name: value for name, value in SMOKE.items() if name in names}
    if "methods" in names:
        changes["methods"] = ("plain", "horkd_123")
    return dataclasses.replace(settings, **changes)


def run_command(default, description, recipe):
    """Read the command line and run. A user's mistake ends in one line, not in a traceback.

    Args:
        default: The recipe's settings, a dataclass with `resolved()`.
        description: First text of `--help`.
        recipe: Name of the module whose `run_resolved(settings)` does the work. It is imported only
            when the settings are valid, so that `--help` and errors appear at once.
    """
    settings = tyro.cli(type(default), default=default, description=description)
    settings = shortened(settings)

    def work():
        resolved = settings.resolved()
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        with without_notices():
            module = importlib.import_module(recipe)
            # TensorFlow writes the last of its notices at the first operation. Workers of a cluster
            # must connect before this operation.
            if getattr(resolved, "distribute", "none") != "multi_worker":
                importlib.import_module("keras").ops.zeros(1)
        # TensorFlow warns about each new size of a scored image.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        module.run_resolved(resolved)

    interrupted = "stopped. The same command with --resume continues."
    sys.exit(run_with_one_line_errors(work, Path(sys.argv[0]).name, interrupted=interrupted))
