import keras
import numpy as np
import pytest

from keras_pisr.models import FSRCNN, SubpixelDeconvolution, tap
from tests.harness import assert_same

pytestmark = pytest.mark.core


def test_gives_features_and_output_of_one_pass(rng):
    model = FSRCNN(scale=2, features=8)
    tapped = tap(model, ["expanding", "mapping_4"])
    x = rng.random((1, 5, 6, 1)).astype("float32")
    outputs = tapped(x)
    assert tuple(outputs["expanding"].shape) == (1, 5, 6, 8)
    assert tuple(outputs["mapping_4"].shape) == (1, 5, 6, 12)
    last = model.get_layer("last_layer")(outputs["expanding"])
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(outputs["output"]), keras.ops.convert_to_numpy(last), atol=1e-6
    )
    assert tapped.weights[0] is model.weights[0]


def test_without_output_what_comes_after_the_feature_is_left_out(rng):
    model = FSRCNN(scale=2, features=8)
    tapped = tap(model, ["shrinking"], output=False)
    outputs = tapped(rng.random((1, 5, 6, 1)).astype("float32"))
    assert set(outputs) == {"shrinking"}
    assert [layer.name for layer in tapped.layers][-1] == "shrinking"


def test_an_unknown_layer_is_named_beside_the_known_ones():
    with pytest.raises(ValueError, match="no layer 'expandin'.*expanding"):
        tap(FSRCNN(scale=2), ["expandin"])


def test_a_subclassed_model_is_refused():
    class Opaque(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match="functional"):
        tap(Opaque(), ["anything"])


def sequential():
    return keras.Sequential(
        [
            keras.Input((None, None, 1)),
            keras.layers.Conv2D(4, 3, padding="same", name="expanding"),
            SubpixelDeconvolution(2),
        ]
    )


def test_a_sequential_model_is_read_also_after_others_called_it(rng):
    model = sequential()
    x = rng.random((1, 5, 6, 1)).astype("float32")
    keras.Model(i := keras.Input((None, None, 1)), model(i))
    outputs = tap(model, ["expanding"])(x)
    expanding = model.get_layer("expanding")(x)
    assert_same(outputs["expanding"], expanding)
    assert_same(outputs["output"], model(x))


def test_a_sequential_model_without_a_graph_is_refused():
    with pytest.raises(ValueError, match="none before it is built.*keras.Input"):
        tap(keras.Sequential([keras.layers.Conv2D(4, 3, name="expanding")]), ["expanding"])


def test_several_outputs_are_refused():
    inputs = keras.Input((None, None, 1))
    features = keras.layers.Conv2D(4, 3, name="expanding")(inputs)
    model = keras.Model(inputs, {"image": features, "other": features})
    with pytest.raises(ValueError, match="one output, the image; .* has 2"):
        tap(model, ["expanding"])
