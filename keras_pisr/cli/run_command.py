"""Runs a function as a command of its own, as the scripts in `mobile/` do."""

import os

import tyro

from keras_pisr.console.one_line_errors import run_with_one_line_errors


def use_tensorflow():
    """Tell Keras, which is not imported yet, to run on TensorFlow, without its notices.

    Only TensorFlow converts and rounds as TFLite does; `.keras` files carry over from elsewhere.
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
    return run_with_one_line_errors(
        lambda: tyro.cli(command, args=argv, prog=program, **options), program
    )
