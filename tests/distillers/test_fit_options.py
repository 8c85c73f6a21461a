"""Options of `compile` and `fit` do what they do in plain Keras."""

import keras
import numpy as np
import pytest

from tests.distillers.small import pairs, stage_2
from tests.harness import weights_of

pytestmark = pytest.mark.core
ON_TORCH = keras.backend.backend() == "torch"


def test_gradient_clipping_bounds_the_step():
    distiller = stage_2()
    distiller.compile(keras.optimizers.SGD(1.0, clipvalue=1e-4), loss="mae")
    before = weights_of(distiller.student)
    distiller.fit(*pairs(), batch_size=4, verbose=0)
    moved = [
        np.abs(a - b).max() for a, b in zip(before, distiller.student.get_weights(), strict=True)
    ]
    assert 0 < max(moved) <= 1.001e-4


def test_moving_average_is_what_is_kept_after_fit():
    distiller = stage_2()
    lr, hr = pairs()
    distiller.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), loss="mae")
    distiller.fit(lr, hr, batch_size=2, shuffle=False, verbose=0)
    averaged = distiller.student.get_weights()[0]

    plain, stepped = stage_2(), []
    plain.compile(keras.optimizers.SGD(0.1), loss="mae")
    for half in (slice(0, 2), slice(2, 4)):
        plain.fit(lr[half], hr[half], batch_size=2, verbose=0)
        stepped.append(np.array(plain.student.get_weights()[0]))
    # Keras starts the average at the weights after the first step.
    np.testing.assert_allclose(averaged, 0.5 * stepped[0] + 0.5 * stepped[1], atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_trains_under_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    try:
        distiller = stage_2(distillation_weight=1e-6)
        distiller.compile("adam", loss="mae")
        if policy == "mixed_float16":
            assert isinstance(distiller.optimizer, keras.optimizers.LossScaleOptimizer)
        history = distiller.fit(*pairs(), epochs=4, batch_size=2, verbose=0).history
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(history["loss"]).all()
    assert history["reconstruction"][-1] < history["reconstruction"][0]


@pytest.mark.skipif(ON_TORCH, reason="Keras on PyTorch takes one step an execution")
@pytest.mark.parametrize("batch_size", [1, 3])
def test_several_steps_an_execution_change_nothing(batch_size):
    results = []
    # With 3 some steps, and in batches of 3 samples, are left over at the end.
    for steps in (1, 2, 3):
        distiller = stage_2()
        distiller.compile(keras.optimizers.SGD(0.1), loss="mae", steps_per_execution=steps)
        distiller.fit(*pairs(), batch_size=batch_size, shuffle=False, verbose=0)
        results.append(weights_of(distiller.student))
    for one, *others in zip(*results, strict=True):
        for other in others:
            np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.skipif(ON_TORCH, reason="compiling on PyTorch needs a C++ toolchain and a minute")
@pytest.mark.parametrize("jit_compile", [False, True])
def test_compiled_or_not_the_result_is_the_same(jit_compile):
    results = []
    for jit in (False, jit_compile):
        distiller = stage_2()
        distiller.compile(keras.optimizers.SGD(0.1), loss="mae", jit_compile=jit)
        distiller.fit(*pairs(), batch_size=2, shuffle=False, verbose=0)
        results.append(weights_of(distiller.student))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
