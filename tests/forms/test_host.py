"""The form that Keras runs fast: the function of the model, in other operations."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_pisr.forms.host import FewPasses, has_host_form, host_form
from keras_pisr.models import ResidualFSRCNN
from tests.models.students import plain_student, residual_student, scrambled, small_student

pytestmark = pytest.mark.core


def kinds(model):
    return [type(layer) for layer in model.layers]


def assert_equal(form, model, luma):
    wanted = model.predict_on_batch(luma)
    np.testing.assert_allclose(form.predict_on_batch(luma), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("highest", [1.0, 1.5])
def test_few_passes_by_hand(highest):
    layer = FewPasses(shared_axes=[1, 2])
    layer.build((1, 1, 2, 3))
    layer.set_weights([np.array([[[0.5, -2.0, highest]]])])
    layer.at_most_one = highest == 1
    x = np.array([[[[-4, -4, -4], [3, 3, 3]]]], "float32")
    wanted = [[[[-2, 8, -4 * highest], [3, 3, 3]]]]
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer(x)), wanted)


@pytest.mark.parametrize("size", [(8, 10), (7, 9), (6, 5), (1, 1)])
@pytest.mark.parametrize(
    "kind, scale",
    [("fsrcnn", 2), ("fsrcnn", 3), ("fsrcnn", 4), ("channels", 2), ("residual", 2)]
    + [("plain", 2), ("plain", 3)],
)
def test_the_hosts_form_is_the_same_function(kind, scale, size, rng):
    make = {"residual": residual_student, "plain": plain_student}.get(kind, small_student)
    options = {"slope_per_channel": True} if kind == "channels" else {}
    model = scrambled(make(scale, **options), rng)
    form = host_form(model)
    assert layers.PReLU not in kinds(form)
    # Whichever size comes first, on TensorFlow the second one is open.
    for shape in [(1, 4, 4, 1), (2, *size, 1)]:
        luma = rng.random(shape).astype("float32")
        assert_equal(form, model, luma)


def test_slopes_above_one_take_a_pass_more(rng):
    model = small_student(slope_per_channel=True)
    first, second, *_ = [layer for layer in model.layers if isinstance(layer, layers.PReLU)]
    first.set_weights([rng.uniform(-2, 1, first.alpha.shape)])
    second.set_weights([np.linspace(-2, 1.5, second.alpha.shape[-1])[None, None]])
    form = host_form(model)
    assert form.get_layer(first.name).at_most_one and not form.get_layer(second.name).at_most_one
    assert_equal(form, model, rng.random((1, 8, 7, 1)).astype("float32"))


def test_mixed_precision_is_run_in_float32(rng):
    student, before = small_student(), keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        mixed = small_student()
    finally:
        keras.config.set_dtype_policy(before)
    mixed.set_weights(student.get_weights())
    assert_equal(host_form(mixed), student, rng.random((1, 8, 8, 1)).astype("float32"))


class Doubled(ResidualFSRCNN):
    """Computes something else than its graph."""

    def call(self, inputs, training=None, mask=None):
        return 2 * super().call(inputs)


class Own(layers.ReLU):
    """What a user may have changed."""


def relu(x):
    """Another function than Keras' of this name."""
    return x + 1


def test_graphs_of_known_layers_have_one():
    inputs = keras.Input((None, None, 1))
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    assert has_host_form(small_student()) and has_host_form(residual_student())
    assert has_host_form(keras.Model(inputs, layers.ReLU()(x)))
    assert has_host_form(keras.Sequential([inputs, layers.Conv2D(4, 3)]))
    assert not has_host_form(keras.Sequential([layers.Conv2D(4, 3)]))
    assert not has_host_form(keras.Model(inputs, Own()(x)))
    assert not has_host_form(keras.Model(inputs, layers.Dropout(0.5)(x)))
    assert not has_host_form(keras.Model(inputs, [x, x]))
    assert not has_host_form(Doubled(2, features=4, shrunk_features=4, mapping_layers=1))
    assert not has_host_form(lambda luma: luma)


def test_functions_of_a_user_are_kept(rng):
    inputs = keras.Input((None, None, 1))
    options = {"padding": "same", "kernel_regularizer": lambda kernel: keras.ops.sum(kernel)}
    model = keras.Model(inputs, layers.Conv2D(4, 3, activation=relu, **options)(inputs))
    assert has_host_form(model)
    assert_equal(host_form(model), model, rng.random((1, 5, 7, 1)).astype("float32"))


def test_layers_with_weights_of_another_kind_are_left_alone():
    inputs = keras.Input((None, None, 1))
    inner = keras.Model(inputs, layers.Conv2D(4, 3, activation=layers.PReLU())(inputs))
    assert not has_host_form(inner)
    model = small_student()
    model.get_layer("shrinking_conv").enable_lora(2)
    assert not has_host_form(model)
