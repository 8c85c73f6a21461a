"""Runs a function as a separate command, as the scripts in `mobile/` do."""

import os
import sys

import tyro

from keras_pisr.cli.words import check_sizes
from keras_pisr.console.one_line_errors import run_with_one_line_errors


def use_tensorflow():
    """Make Keras, which is not imported yet, run on TensorFlow, and silence its notices.

    Only TensorFlow converts and rounds as TFLite does. It also reads the `.keras` files of other
    backends.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def run_command(command, argv=None, **options):
    """Run a function as a command line.

    Args:
        command: Function whose arguments are the options. Messages call the program `NAME.py`.
        argv: Words of the command line [those of the process].
        **options: Options that are passed on to `tyro.cli`.

    Returns:
        The exit code: the function's, 2 after an error, 130 after Ctrl-C.
    """
    program = f"{command.__name__}.py"
    words = sys.argv[1:] if argv is None else list(argv)

    def run():
        check_sizes(words)
        return tyro.cli(command, args=words, prog=program, **options)

    return run_with_one_line_errors(run, program)
