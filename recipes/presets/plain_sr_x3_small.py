"""Trains the preset `plain_sr_x3_small`.

Command, on any machine with a CPU or a GPU and Keras' TensorFlow backend:

    KERAS_BACKEND=tensorflow python recipes/presets/plain_sr_x3_small.py DATA

The body starts from that of the preset for x2. The shipped weights started from the one of commit
e9ee9df; the present one gives others.
"""

from shared import finish, main, plain_sr, screens

START = {"start_body_from": "plain_sr_x2_small", "drawings": 0.0}
BEFORE = (
    plain_sr(3, patch_size=96, refresh_every=10, epochs=16, **START),
    finish(3, batch_size=64, epochs=4),
)
SETTINGS = screens(3)

if __name__ == "__main__":
    main("plain_sr_x3_small", __doc__, SETTINGS, before=BEFORE)
