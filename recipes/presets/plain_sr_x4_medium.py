"""Trains the preset `plain_sr_x4_medium`.

Command, on any machine with a CPU or a GPU:

    python recipes/presets/plain_sr_x4_medium.py DATA

The first run of the shipped weights was on a GPU with KERAS_BACKEND=jax, the last on a CPU with
KERAS_BACKEND=tensorflow.
"""

from shared import finish, main, plain_sr

BEFORE = plain_sr(4, size="medium", drawings=0.06, epochs=44)
SETTINGS = finish(4, size="medium")

if __name__ == "__main__":
    main("plain_sr_x4_medium", __doc__, SETTINGS, before=BEFORE)
