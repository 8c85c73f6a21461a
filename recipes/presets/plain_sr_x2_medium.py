"""Trains the preset `plain_sr_x2_medium`.

Command, on any machine with a CPU or a GPU and Keras' TensorFlow backend:

    KERAS_BACKEND=tensorflow python recipes/presets/plain_sr_x2_medium.py DATA
"""

from phases import main, photographs, with_drawings

FIRST = photographs(scale=2, size="medium", patch_size=64, epochs=30)
PHASES = {"photographs": FIRST, "drawings": with_drawings(FIRST, epochs=4)}

if __name__ == "__main__":
    main("plain_sr_x2_medium", __doc__, PHASES)
