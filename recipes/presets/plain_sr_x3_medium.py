"""Trains the preset `plain_sr_x3_medium`.

Command, on any machine with a CPU or a GPU:

    python recipes/presets/plain_sr_x3_medium.py DATA

The shipped weights were trained on a GPU with KERAS_BACKEND=jax.
"""

from shared import main, plain_sr

SETTINGS = plain_sr(3, size="medium", epochs=44)

if __name__ == "__main__":
    main("plain_sr_x3_medium", __doc__, SETTINGS)
