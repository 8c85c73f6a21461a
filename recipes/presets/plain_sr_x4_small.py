"""Trains the preset `plain_sr_x4_small`.

Command, on any machine with a CPU or a GPU and Keras' TensorFlow backend:

    KERAS_BACKEND=tensorflow python recipes/presets/plain_sr_x4_small.py DATA

The body starts from that of the preset for x2.
"""

from phases import main, photographs, with_drawings

FIRST = photographs(scale=4, patch_size=128, epochs=16, start_body_from="plain_sr_x2_small")
PHASES = {"photographs": FIRST, "drawings": with_drawings(FIRST, epochs=4)}

if __name__ == "__main__":
    main("plain_sr_x4_small", __doc__, PHASES)
