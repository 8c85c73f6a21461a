"""Trains the preset `plain_sr_x2_medium_jpeg`: for photographs that were saved as JPEG.

Command, on any machine with a CPU or a GPU and Keras' TensorFlow backend:

    KERAS_BACKEND=tensorflow python recipes/presets/plain_sr_x2_medium_jpeg.py DATA

It starts from the preset `plain_sr_x2_medium`. Half of the patches are compressed, at a quality of
30 to 95 that is drawn anew each time; the others are clean, so that clean images keep their detail.
"""

from shared import jpeg, main

SETTINGS = jpeg(size="medium", start_from="plain_sr_x2_medium")

if __name__ == "__main__":
    main("plain_sr_x2_medium_jpeg", __doc__, SETTINGS)
