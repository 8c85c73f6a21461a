"""Same weights, same batches: the same numbers on every backend.

`golden_steps.json` was written by `python -m tests.distillers.test_parity` on TensorFlow.
"""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.distillers import small_recognition
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


def relational_steps_of(variant):
    """Logs of three steps, and the weights they end in."""
    made = small_recognition.compiled(
        small_recognition.VARIANTS[variant](), keras.optimizers.SGD(0.01)
    )
    x, y = small_recognition.batch()
    history = made.fit(x, y, epochs=3, batch_size=6, shuffle=False, verbose=0).history
    weights = np.concatenate([weight.ravel() for weight in made.student.get_weights()])
    return {
        "history": {name: [float(v) for v in values] for name, values in history.items()},
        "weights": [round(float(weight), 8) for weight in weights[::7]],
    }


def all_steps():
    return {stage: steps_of(stage) for stage in STAGES} | {
        variant: relational_steps_of(variant) for variant in small_recognition.VARIANTS
    }


@pytest.mark.parametrize("stage", [*STAGES, *small_recognition.VARIANTS])
def test_steps_equal_the_golden_ones(stage):
    golden = json.loads(GOLDEN.read_text())[stage]
    ours = steps_of(stage) if stage in STAGES else relational_steps_of(stage)
    assert set(ours["history"]) == set(golden["history"])
    for name, values in golden["history"].items():
        np.testing.assert_allclose(ours["history"][name], values, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(ours["weights"], golden["weights"], atol=1e-5)


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(all_steps(), indent=1) + "\n")
