"""Trains the preset `plain_sr_x2_small_jpeg`: for photographs that were saved as JPEG.

Command, on any machine with a CPU or a GPU:

    python recipes/presets/plain_sr_x2_small_jpeg.py DATA

It starts from the preset `plain_sr_x2_small`. Four patches of five are compressed, at a quality of
30 to 95 that is drawn anew each time; the fifth is clean, so that clean images are not smeared.
The shipped weights were trained with KERAS_BACKEND=tensorflow.
"""

from shared import main, plain_sr

CHANGES = {
    "start_from": "plain_sr_x2_small",
    "degrade": "jpeg:30-95@0.8",
    "patch_size": 64,
    "batch_size": 64,
    "learning_rate": 3e-3,
    "refresh_every": 10,
}
SETTINGS = plain_sr(2, epochs=4, **CHANGES)

if __name__ == "__main__":
    main("plain_sr_x2_small_jpeg", __doc__, SETTINGS)
