"""A student small enough to be saved as a preset in a test."""

import keras
import numpy as np

SMALL = {"features": 6, "shrunk_features": 3, "mapping_layers": 1}


def outputs(model):
    image = np.random.default_rng(0).random((1, 7, 9, 1)).astype("float32")
    return keras.ops.convert_to_numpy(model(image))
