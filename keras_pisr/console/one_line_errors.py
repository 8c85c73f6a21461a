"""How a command ends: with its exit code, and with one line on stderr where it fails."""

import sys


def complain(program, error):
    """Write one line about an error to stderr, whatever the exception's own layout."""
    print(f"{program}: error:", " ".join(str(error).split()), file=sys.stderr)


def run_with_one_line_errors(action, program, *, interrupted="interrupted"):
    """Run a command line; a user's mistake ends in one line, not in a traceback.

    Args:
        action: Function without arguments that does the work.
        program: Name of the program, which begins the line.
        interrupted: What the line says after Ctrl-C.

    Returns:
        What `action` returns; 2 if the request cannot be done; 130 after Ctrl-C.
    """
    try:
        return action()
    except (ValueError, OSError, ImportError) as error:
        complain(program, error)
        return 2
    except KeyboardInterrupt:
        print(f"{program}: {interrupted}", file=sys.stderr)
        return 130
