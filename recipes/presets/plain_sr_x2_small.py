"""Trains the preset `plain_sr_x2_small`.

Command, on a GPU (it also runs on a CPU and with other backends, which give other weights):

    KERAS_BACKEND=jax python recipes/presets/plain_sr_x2_small.py DATA
"""

from shared import main, plain_sr

SETTINGS = plain_sr(2, epochs=50)

if __name__ == "__main__":
    main("plain_sr_x2_small", __doc__, SETTINGS)
