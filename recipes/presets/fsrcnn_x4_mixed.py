"""Trains the preset `fsrcnn_x4_mixed`: x4 luma, FSRCNN trained on drawings, too.

    python recipes/presets/fsrcnn_x4_mixed.py DATA

DATA holds `train/T91`, `train/BSDS400`, and `benchmarks/` with Set5, Set14 and B100. The preset is
`runs/fsrcnn_x4_mixed/one_stage.keras`.
"""

from shared import fsrcnn, main

SETTINGS = fsrcnn(
    4,
    pisr=False,
    controls=("one_stage",),
    slope_per_channel=True,
    start_from="fsrcnn_x4",
    learning_rate=3e-3,  # Keeps most of what the start knows.
    drawings=0.03,
    batch_size=16,
    steps_per_epoch=1000,
    epochs=16,
)

if __name__ == "__main__":
    main("fsrcnn_x4_mixed", __doc__, SETTINGS)
