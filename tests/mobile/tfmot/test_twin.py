"""A student's twin in tf_keras: the same numbers, there and back, and no trace of the import."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_pisr as kp
from tests.models.students import small_student

pytestmark = pytest.mark.usefixtures("tensorflow_backend")


@pytest.fixture(scope="module")
def tfmot_twin():
    """The module; skips where tensorflow-model-optimization is missing."""
    reason = "twins take tensorflow-model-optimization and tf_keras"
    try:
        from keras_pisr.mobile.tfmot import twin as tfmot_twin
    except ImportError:
        pytest.skip(reason)
    return tfmot_twin


def small_residual():
    return kp.models.ResidualFSRCNN(scale=2, features=6, shrunk_features=4, mapping_layers=1)


def sum_of_branches():
    """A network of the other layers that have twins."""
    lr = keras.Input((None, None, 1), name="lr")
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="a")(lr)
    y = keras.layers.LeakyReLU(0.2)(keras.layers.Conv2D(4, 3, padding="same", name="b")(x))
    z = keras.layers.Add()([x, y]) + x
    z = keras.layers.PReLU(alpha_initializer="random_normal", shared_axes=[1, 2], name="c")(z)
    return keras.Model(lr, keras.ops.depth_to_space(z, 2))


STUDENTS = {
    "x2": small_student,
    "x3": lambda: small_student(scale=3),
    "x4": lambda: small_student(scale=4),
    "slopes": lambda: small_student(slope_per_channel=True),
    "deployed": lambda: kp.forms.deployed_form(small_student()),
    "residual": small_residual,
    "deployed residual": lambda: kp.forms.deployed_form(small_residual()),
    "branches": sum_of_branches,
}


@pytest.mark.parametrize("kind", STUDENTS)
def test_a_twin_computes_what_the_student_does(tfmot_twin, rng, kind):
    student = STUDENTS[kind]()
    twin = tfmot_twin.twin_of(student)
    assert isinstance(twin, tfmot_twin.tf_keras.Model)
    lr = rng.random((2, 9, 7, 1), dtype="float32")
    wanted = keras.ops.convert_to_numpy(student(lr))
    assert np.ptp(wanted) > 0.01
    np.testing.assert_allclose(twin(lr).numpy(), wanted, atol=1e-6)


def test_weights_come_back_as_they_were_changed(tfmot_twin, rng):
    student = small_student()
    twin = tfmot_twin.twin_of(student)
    twin.set_weights([weight + 0.1 * rng.random(weight.shape) for weight in twin.get_weights()])
    changed = tfmot_twin.student_of(twin, student)
    assert type(changed) is kp.models.FSRCNN
    lr = rng.random((1, 8, 8, 1), dtype="float32")
    output = keras.ops.convert_to_numpy(changed(lr))
    np.testing.assert_allclose(output, twin(lr).numpy(), atol=1e-6)
    assert np.abs(output - keras.ops.convert_to_numpy(student(lr))).max() > 0.1


def test_training_a_twin_leaves_the_student_alone(tfmot_twin):
    student = small_residual()
    before = student.get_weights()
    twin = tfmot_twin.twin_of(student)
    twin.compile("sgd", loss="mae")
    twin.fit(np.ones((2, 8, 8, 1)), np.zeros((2, 16, 16, 1)), verbose=0)
    for old, now in zip(before, student.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)
    trained = tfmot_twin.student_of(twin, student)
    moved = [np.abs(a - b).max() for a, b in zip(before, trained.get_weights(), strict=True)]
    assert max(moved) > 0


def test_what_has_no_twin_is_named(tfmot_twin):
    lr = keras.Input((None, None, 1))
    model = keras.Model(lr, keras.layers.DepthwiseConv2D(3, name="odd")(lr), name="mine")
    with pytest.raises(ValueError, match=r"'mine' holds DepthwiseConv2D \(odd\), of which"):
        tfmot_twin.twin_of(model)
    with pytest.raises(ValueError, match="already computes in 8 bit"):
        tfmot_twin.twin_of(kp.mobile.quantized_form(small_residual()))
    with pytest.raises(ValueError, match="functional model with one input"):
        tfmot_twin.twin_of(keras.Sequential())


SETTLED = """
import os, sys
import keras_pisr.cli.compress, keras_pisr.cli.qat
assert not {"tensorflow_model_optimization", "tf_keras"} & sys.modules.keys()

def settled():
    import tensorflow as tf
    version = getattr(tf.keras, "__version__", "2")
    return os.environ.get("TF_USE_LEGACY_KERAS"), version.split(".")[0]

sys.modules["tensorflow_model_optimization"] = None
try:
    import keras_pisr.mobile.tfmot.twin
except ImportError as error:
    assert "cannot be imported" in str(error), error
else:
    raise AssertionError("imported what is missing")
print(*settled())
del sys.modules["tensorflow_model_optimization"]
import keras_pisr.mobile.tfmot.twin
print(*settled())
"""


@pytest.mark.parametrize(("before", "version"), [(None, "3"), ("1", "2")])
def test_the_import_leaves_no_trace_whether_it_succeeds_or_not(tfmot_twin, before, version):
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    if before is not None:
        environment["TF_USE_LEGACY_KERAS"] = before
    result = subprocess.run(
        [sys.executable, "-c", SETTLED], capture_output=True, text=True, env=environment
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [f"{before} {version}"] * 2
