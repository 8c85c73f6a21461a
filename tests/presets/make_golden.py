"""Write what each shipped preset makes of one small image, for `test_shipped.py`.

    KERAS_BACKEND=tensorflow python tests/presets/make_golden.py

Run it when a preset is added or trained anew; the other backends are then held to it.
"""

import json
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).with_name("golden_outputs.json")


def small_image():
    """A ramp with an edge, `(1, 6, 5, 1)`."""
    y, x = np.mgrid[:6, :5]
    return ((y + 2 * x) / 20 + 0.4 * (x > 2)).astype("float32")[None, ..., None]


def main():
    from keras_pisr.presets import CATALOG, from_preset

    outputs = {}
    for name in sorted(CATALOG):
        values = from_preset(name).predict(small_image(), verbose=0)
        outputs[name] = [round(float(value), 7) for value in values.ravel()]
    GOLDEN.write_text(json.dumps(outputs) + "\n")


if __name__ == "__main__":
    main()
