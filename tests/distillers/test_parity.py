"""Same weights, same batches: the same numbers on every backend.

`golden_steps.json` was written by `python -m tests.distillers.test_parity` on TensorFlow.
"""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.distillers.small import STAGES, pairs

pytestmark = pytest.mark.core
GOLDEN = Path(__file__).with_name("golden_steps.json")


def steps_of(stage):
    """Logs of three epochs of two steps, and the weights they end in, flattened."""
    distiller = STAGES[stage]()
    distiller.compile(keras.optimizers.SGD(0.05, momentum=0.9), loss="mae")
    lr, hr = pairs()
    history = distiller.fit(lr, hr, epochs=3, batch_size=2, shuffle=False, verbose=0).history
    weights = np.concatenate([weight.ravel() for weight in distiller.student.get_weights()])
    return {
        "history": {name: [float(v) for v in values] for name, values in history.items()},
        "weights": [round(float(weight), 8) for weight in weights[::211]],
    }


@pytest.mark.parametrize("stage", STAGES)
def test_steps_equal_the_golden_ones(stage):
    golden = json.loads(GOLDEN.read_text())[stage]
    ours = steps_of(stage)
    assert set(ours["history"]) == set(golden["history"])
    for name, values in golden["history"].items():
        np.testing.assert_allclose(ours["history"][name], values, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(ours["weights"], golden["weights"], atol=1e-5)


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({stage: steps_of(stage) for stage in STAGES}, indent=1) + "\n")
