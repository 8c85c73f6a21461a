"""Trains the preset `fsrcnn_x3_pisr`: x3 luma, FSRCNN trained by PISR.

    python recipes/presets/fsrcnn_x3_pisr.py DATA

DATA holds `train/T91`, `train/BSDS400`, and `benchmarks/` with Set5, Set14 and B100. The preset is
`runs/fsrcnn_x3_pisr/student.keras`.
"""

from shared import fsrcnn, main

SETTINGS = fsrcnn(
    3,
    controls=(),
    slope_per_channel=True,
    refresh_every=20,  # A new basis costs a GPU more than a step.
    batch_size=64,
    imitation_weight=0.1,  # Keeps the code an image.
    steps_per_epoch=2000,
    teacher_epochs=5,
    epochs=13,
)

if __name__ == "__main__":
    main("fsrcnn_x3_pisr", __doc__, SETTINGS)
