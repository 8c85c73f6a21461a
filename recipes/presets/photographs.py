"""Settings that all FSRCNN presets share: the photographs and the sampling of patches."""

from pisr.settings import Settings

PATCH_SIZE = {2: 64, 3: 96, 4: 128}  # 32 px of the LR image.


def photographs(scale, **changes):
    """Settings of a preset for one scale, trained on T91 and BSDS400."""
    common = {
        "optimizer": "soap",
        "learning_rate": 1e-2,
        "hr_dir": ("T91",),
        "sizes": (1, 0.9, 0.8, 0.7, 0.6),
        # JPEG files only shrunk, which removes what compression left.
        "jpeg_dir": ("BSDS400",),
        "jpeg_sizes": (0.7, 0.5),
        "detail": 1,
        "patch_size": PATCH_SIZE[scale],
    }
    return Settings(scale=scale, **{**common, **changes})
