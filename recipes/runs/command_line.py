"""The command line of a recipe: settings in, one line for a user's mistake."""

import importlib
import sys
from pathlib import Path

import tyro

from keras_pisr.console.one_line_errors import run_with_one_line_errors


def run_command(default, description, recipe):
    """Read the command line and run; a mistake ends in one line, not a traceback.

    Args:
        default: The recipe's settings, a dataclass with `resolved()`.
        description: What `--help` says first.
        recipe: Name of the module whose `run(settings)` does the work. Imported only once the
            settings hold, so that `--help` and mistakes answer at once.
    """
    settings = tyro.cli(type(default), default=default, description=description)

    def work():
        settings.resolved()
        importlib.import_module(recipe).run(settings)

    interrupted = "stopped. The same command with --resume continues."
    sys.exit(run_with_one_line_errors(work, Path(sys.argv[0]).name, interrupted=interrupted))
