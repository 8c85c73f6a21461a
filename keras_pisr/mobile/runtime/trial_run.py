"""Runs an untrusted `.tflite` file once in another process before it may run in this one.

The runtime verifies the form of a file but not the effect of odd numbers in its operations, so some
files crash the process that runs them. A file is therefore first run where a crash does no harm,
with bounded memory and time. A file that only fails there will raise its error when it is run
here.
"""

import functools
import hashlib
import signal
import subprocess
import sys

SECONDS = 60
WORKER = "keras_pisr.mobile.runtime.trial_worker"


def try_file(path, content):
    """Run a file once in another process, unless this process has done so before.

    Args:
        path: The file.
        content: Its bytes.

    Raises:
        ValueError: If it crashes, takes too long or too much memory.
    """
    _try(str(path), hashlib.sha256(content).hexdigest())


@functools.lru_cache(maxsize=256)
def _try(path, digest):
    del digest  # The hash only distinguishes files.
    command = [sys.executable, "-m", WORKER, path]
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
            f"{path} took more than {SECONDS} s on a small image; it is not a network for a phone."
        ) from error
    if result.returncode != 0:
        killed = result.returncode < 0
        how = signal.Signals(-result.returncode).name if killed else f"code {result.returncode}"
        raise ValueError(
            f"{path} crashes the runtime ({how}): it is damaged, or was made to crash it. Export "
            "the student again."
        )
