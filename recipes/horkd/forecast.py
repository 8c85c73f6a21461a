"""Estimates the time of a HORKD run before it starts."""

import numpy as np

from horkd.methods import ROWS
from runs.forecast import STEP, say, seconds_of


def print_forecast(settings, networks, image, small, steps_per_epoch, console):
    """Print the stages and how long all of them take on this machine, approximately.

    Args:
        settings: Settings of the recipe.
        networks: `Networks`.
        image: Shape of an HR image.
        small: Height and width of a LR image.
        steps_per_epoch: Batches per epoch.
        console: A `rich.console.Console`.
    """
    hr = np.zeros((settings.batch_size, *image), "float32")
    teacher, assistant = (seconds_of(x, hr) for x in (networks.teacher(), networks.assistant()))
    student = seconds_of(networks.student(), hr[:, : small[0], : small[1]])
    steps = {"teacher": settings.teacher_epochs * steps_per_epoch}
    seconds = steps["teacher"] * STEP * teacher
    for name in settings.methods:
        method, runs = ROWS[name], len(settings.seeds)
        first = settings.epochs * steps_per_epoch * method.assistant
        last = settings.epochs * steps_per_epoch * method.epochs
        steps[name] = runs * (first + last)
        guide = (assistant if method.assistant else teacher) if method.terms else 0
        seconds += runs * (first * (STEP * assistant + teacher) + last * (STEP * student + guide))
    say(console, steps, seconds)
