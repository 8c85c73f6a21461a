import keras
import numpy as np
import pytest

from keras_pisr.models.large.grouped_convolution import GroupedConv2D
from tests.harness import array, check_layer, random

pytestmark = pytest.mark.core


def test_it_is_the_convolution_of_keras():
    ours, theirs = (
        kind(8, 3, groups=4, padding="same", data_format="channels_last")
        for kind in (GroupedConv2D, keras.layers.Conv2D)
    )
    x = random((2, 5, 6, 12))
    ours(x), theirs(x)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(array(ours(x)), array(theirs(x)), atol=1e-6)


def test_keeps_what_every_layer_promises(tmp_path):
    kernel = keras.initializers.RandomNormal(seed=0)
    options = {"groups": 2, "kernel_initializer": kernel, "data_format": "channels_last"}
    check_layer(lambda: GroupedConv2D(4, 3, **options), random((2, 5, 6, 6)), folder=tmp_path)
