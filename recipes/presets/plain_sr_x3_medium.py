"""Trains the preset `plain_sr_x3_medium`.

Command, on any machine with a CPU or a GPU and Keras' TensorFlow backend:

    KERAS_BACKEND=tensorflow python recipes/presets/plain_sr_x3_medium.py DATA

The body starts from that of the preset for x2. The shipped weights started from the one of commit
e9ee9df; the present one gives others.
"""

from shared import finish, main, plain_sr, screens

START = {"start_body_from": "plain_sr_x2_medium", "drawings": 0.0}
BEFORE = (
    plain_sr(3, size="medium", patch_size=96, refresh_every=10, epochs=20, **START),
    finish(3, size="medium", batch_size=64, epochs=3),
)
SETTINGS = screens(3, size="medium")

if __name__ == "__main__":
    main("plain_sr_x3_medium", __doc__, SETTINGS, before=BEFORE)
