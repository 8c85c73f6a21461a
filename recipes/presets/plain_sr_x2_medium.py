"""Trains the preset `plain_sr_x2_medium`.

Command, on a GPU (it also runs on a CPU and with other backends, which give other weights):

    KERAS_BACKEND=jax python recipes/presets/plain_sr_x2_medium.py DATA

The last run of the shipped weights was made on a CPU, with TensorFlow.
"""

from shared import main, plain_sr, screens

BEFORE = (plain_sr(2, size="medium", epochs=44),)
SETTINGS = screens(2, size="medium")

if __name__ == "__main__":
    main("plain_sr_x2_medium", __doc__, SETTINGS, before=BEFORE)
