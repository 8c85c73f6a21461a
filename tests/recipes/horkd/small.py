"""A HORKD run that a test can afford."""

from horkd.settings import Settings


def settings(task, out, **changes):
    tiny = {
        "epochs": 2,
        "teacher_epochs": 1,
        "batch_size": 8,
        "teacher_widths": (4, 6),
        "widths": (4, 4),
        "methods": ("plain", "horkd_123"),
    }
    return Settings(task=task, out=out, **{**tiny, **changes})
