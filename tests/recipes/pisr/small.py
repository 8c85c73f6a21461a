"""A PISR run that a test can afford."""

from pisr.settings import Settings


def settings(out, **changes):
    tiny = {
        "epochs": 2,
        "steps_per_epoch": 2,
        "batch_size": 2,
        "patch_size": 16,
        "tensorboard": False,
        "controls": ("two_stages",),
        # Compiled faster than the default.
        "optimizer": "adam",
    }
    return Settings(out=out, **{**tiny, **changes})
