"""Run a `.tflite` file on gray images of the smallest sizes that it takes; see `trial_run.py`."""

import contextlib
import sys

import numpy as np

from keras_pisr.mobile.runtime.tflite_file import TFLiteFile

MOST_MEMORY = 4 * 2**30  # Bytes.


def main(path):
    """Open the file and run it; a crash or a lack of memory ends the process."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    except (ImportError, ValueError, OSError):
        pass  # Windows has no such limit, and some systems have a lower one.
    with contextlib.suppress(ValueError):
        file = TFLiteFile(path, trusted=True)
        for size in ((16, 16), (17, 23)):
            shape = tuple(n or m for n, m in zip(file.shape, (1, *size, 1), strict=True))
            file.run(np.full(shape, 0.5, "float32"))


if __name__ == "__main__":
    main(sys.argv[1])
