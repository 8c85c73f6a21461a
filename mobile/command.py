"""How the commands of this folder start, and how they fail: in one line."""

import os
import sys

import tyro


def run_command(command, argv=None, *, converts=False, **options):
    """Run a function as a command line.

    Args:
        command: Function whose arguments are the options; `name.py` is the program.
        argv: Arguments; those of the process if not given.
        converts: Whether it takes TensorFlow. Keras, not imported yet, is told so.
        **options: Of `tyro.cli`.

    Returns:
        The exit code: the function's, 2 after an error, 130 after Ctrl-C.
    """
    if converts:
        # Only TensorFlow converts and rounds as TFLite does; .keras files carry over.
        os.environ["KERAS_BACKEND"] = "tensorflow"
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    program = f"{command.__name__}.py"
    try:
        return tyro.cli(command, args=argv, prog=program, **options)
    except (ValueError, OSError, ImportError) as error:
        print(f"{program}: error:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        return 130
