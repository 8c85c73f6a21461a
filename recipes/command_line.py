"""The command line of a recipe: settings in, one line for a user's mistake."""

import importlib
import sys

import tyro


def run_command(default, description, recipe):
    """Read the command line and run; a mistake ends in one line, not a traceback.

    Args:
        default: The recipe's settings, a dataclass with `resolved()`.
        description: What `--help` says first.
        recipe: Name of the module whose `run(settings)` does the work. Imported only once the
            settings hold, so that `--help` and mistakes answer at once.
    """
    settings = tyro.cli(type(default), default=default, description=description)
    try:
        settings.resolved()
        importlib.import_module(recipe).run(settings)
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. The same command with --resume continues.")
