"""Runs the files of `arm_correctness.py` with NumPy and ai-edge-litert alone: FOLDER LABEL."""

import platform
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def main(folder, label):
    """Write `LABEL.npz`: the output of each file for each luma, in the type of the file."""
    results = {}
    with np.load(folder / "lumas.npz") as file:
        lumas = dict(file)
    for path in sorted(folder.glob("*.tflite")):
        interpreter = Interpreter(str(path), num_threads=1)
        source = interpreter.get_input_details()[0]
        target = interpreter.get_output_details()[0]
        for size, luma in lumas.items():
            if source["dtype"] == np.uint8:
                luma = np.rint(255 * luma).astype("uint8")
            interpreter.resize_tensor_input(source["index"], luma.shape)
            interpreter.allocate_tensors()
            interpreter.set_tensor(source["index"], luma)
            interpreter.invoke()
            results[f"{path.stem} {size}"] = interpreter.get_tensor(target["index"])
    np.savez(folder / f"{label}.npz", **results)
    print(platform.machine())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
