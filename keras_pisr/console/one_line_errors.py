"""Ends a command with its exit code and, if it fails, with one line on stderr."""

import signal
import sys
import threading
from contextlib import contextmanager


class Stopped(BaseException):
    """Raised when a signal asks the process to end.

    It unwinds as Ctrl-C does, so that unfinished files are removed.

    Args:
        number: Number of the signal.
    """

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def complain(program, error, kind="error"):
    """Write one line about an error or a note to stderr, whatever the exception's own layout."""
    print(f"{program}: {kind}:", " ".join(str(error).split()), file=sys.stderr)


def run_with_one_line_errors(action, program, *, interrupted="interrupted"):
    """Run a command line; a user's mistake ends in one line, not in a traceback.

    Args:
        action: Function without arguments that does the work.
        program: Name of the program, which begins the line.
        interrupted: What the line says after Ctrl-C.

    Returns:
        The value that `action` returns; 2 if the request cannot be met; 130 after Ctrl-C, 143 after
        SIGTERM, 129 after SIGHUP.
    """
    print_what_can_be_printed()
    try:
        with signals_unwind():
            return action()
    except (ValueError, OSError, ImportError) as error:
        complain(program, error)
        return 2
    except KeyboardInterrupt:
        print(f"{program}: {interrupted}", file=sys.stderr)
        return 130
    except Stopped as stop:
        print(f"{program}: stopped by {signal.Signals(stop.number).name}", file=sys.stderr)
        return 128 + stop.number


def print_what_can_be_printed():
    """Escape characters that the console's encoding lacks, instead of failing at them."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def signals_unwind():
    """Let SIGTERM and SIGHUP raise `Stopped` within the block, so that hidden files are removed.

    Signals that are already handled or ignored (by `nohup`, for instance) are left alone.
    """

    def stop(number, frame):
        # Further signals are ignored, so that they do not interrupt the removal of files.
        signal.signal(number, signal.SIG_IGN)
        raise Stopped(number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
