"""Trains the preset `residual_fsrcnn_x2`: x2 luma, for 8 bit, trained alone.

    python recipes/presets/residual_fsrcnn_x2.py DATA

DATA holds `train/T91`, `train/BSDS400`, and `benchmarks/` with Set5, Set14 and B100. The preset is
`runs/residual_fsrcnn_x2/one_stage.keras`.
"""

from shared import fsrcnn, main

SETTINGS = fsrcnn(
    2,
    student="residual_fsrcnn",
    pisr=False,
    controls=("one_stage",),
    batch_size=32,
    steps_per_epoch=1000,
    epochs=32,
)

if __name__ == "__main__":
    main("residual_fsrcnn_x2", __doc__, SETTINGS)
