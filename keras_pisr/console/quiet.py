"""Keeps the notices of libraries off the terminal."""

import os
import sys
from contextlib import contextmanager


@contextmanager
def without_notices():
    """Keep text that is written to file descriptor 2 off the terminal.

    While they are imported or convert, TensorFlow's and LiteRT's C++ parts write notices there
    (about absent GPUs, for instance) that no setting silences. Python's exceptions come through.

    Yields:
        A text stream, for progress, that still leads where file descriptor 2 led before.

    Example:
        >>> with without_notices():
        ...     import tensorflow as tf
    """
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        with open(saved, "w", closefd=False) as terminal:
            yield terminal
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
