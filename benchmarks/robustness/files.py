"""Tries damaged files one after the other in a process that may die; see `run.py`.

    python benchmarks/robustness/files.py KIND FOLDER

The program prints one line of JSON per file of FOLDER:
`["name", "made" | "refused" | "failed", "words"]`.
"""

import json
import signal
import sys
from pathlib import Path

import numpy as np

SECONDS = 60
IMAGE = np.full((1, 8, 8, 1), 0.5, "float32")


def preset(path):
    """Load a preset folder."""
    import keras_pisr as kp

    kp.from_preset(path)(IMAGE)


def keras_file(path):
    """Load a `.keras` file."""
    import keras_pisr as kp

    kp.load_student(path)(IMAGE)


def tflite(path):
    """Run a `.tflite` file."""
    import keras_pisr as kp

    kp.mobile.TFLiteModel(path)(IMAGE)


def tar(path):
    """Read an archive of class folders."""
    import keras_pisr as kp

    kp.data.LabelledImages.from_tar(path, size=(8, 8))


KINDS = {"preset": preset, "keras": keras_file, "tflite": tflite, "tar": tar}


def main(kind, folder):
    """Try every file of a folder."""

    def too_long(*_):
        raise TimeoutError(f"more than {SECONDS} s")

    signal.signal(signal.SIGALRM, too_long)
    for path in sorted(Path(folder).iterdir()):
        print(json.dumps([path.name, "begun", ""]), flush=True)
        signal.alarm(SECONDS)
        try:
            KINDS[kind](path)
            outcome, words = "made", ""
        except TimeoutError as error:
            outcome, words = "failed", str(error)
        except (ValueError, FileNotFoundError) as error:
            named = path.name in str(error)
            outcome, words = ("refused" if named else "failed"), str(error)
        except BaseException as error:
            outcome, words = "failed", repr(error)
        signal.alarm(0)
        print(json.dumps([path.name, outcome, words[:200]]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
