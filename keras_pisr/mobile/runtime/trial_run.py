"""A stranger's `.tflite` file, run once in a process of its own before it may run in this one.

The runtime verifies the form of a file, not what its operations make of odd numbers in it: some
files crash the process that runs them. So a file is first run where that does no harm, with
bounded memory and time.
"""

import functools
import hashlib
import signal
import subprocess
import sys

SECONDS = 60
MOST_MEMORY = 4 * 2**30
# The process ends with this code where the file is refused, and says why in its last line.
REFUSED = 3


def try_file(path, content):
    """Run a file once in another process, unless this process has done so before.

    Args:
        path: The file.
        content: Its bytes.

    Raises:
        ValueError: If it crashes, takes too long, or is refused there.
    """
    _try(str(path), hashlib.sha256(content).hexdigest())


@functools.lru_cache(maxsize=256)
def _try(path, digest):
    del digest  # Only tells files apart.
    command = [sys.executable, "-m", "keras_pisr.mobile.runtime.trial_run", path]
    try:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(
            f"{path} took more than {SECONDS} s on a small image; it is no network for a phone."
        ) from error
    if result.returncode == REFUSED:
        raise ValueError(result.stdout.strip().splitlines()[-1])
    if result.returncode != 0:
        killed = result.returncode < 0
        how = signal.Signals(-result.returncode).name if killed else f"code {result.returncode}"
        raise ValueError(
            f"{path} crashes the runtime ({how}): it is damaged, or made to do so. Export the "
            "student again."
        )


def main(path):
    """Open a file and run it on gray images of the smallest sizes it takes."""
    import numpy as np

    from keras_pisr.mobile.runtime.tflite_file import TFLiteFile

    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    except (ImportError, ValueError, OSError):
        pass  # Windows has no such limit, and some systems a lower one.
    try:
        file = TFLiteFile(path, trusted=True)
        for size in ((16, 16), (17, 23)):
            shape = tuple(n or m for n, m in zip(file.shape, (1, *size, 1), strict=True))
            file.run(np.full(shape, 0.5, "float32"))
    except MemoryError:
        print(f"{path} takes more than {MOST_MEMORY} bytes of memory.")
        return REFUSED
    except ValueError as error:
        print(" ".join(str(error).split()))
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
