"""Trains the preset `plain_sr_x4_small`.

Command, on any machine with a CPU or a GPU:

    python recipes/presets/plain_sr_x4_small.py DATA

The shipped weights were trained on a GPU with KERAS_BACKEND=jax.
"""

from shared import main, plain_sr

SETTINGS = plain_sr(4, epochs=50)

if __name__ == "__main__":
    main("plain_sr_x4_small", __doc__, SETTINGS)
