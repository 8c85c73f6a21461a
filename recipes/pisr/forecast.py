"""Estimates the time of a PISR run before it starts."""

import numpy as np

from pisr.networks import new_student, new_teacher
from runs.forecast import STEP, say, seconds_of


def print_forecast(settings, console):
    """Print the stages and how long all of them take on this machine, approximately."""
    hr = np.zeros((settings.batch_size, settings.patch_size, settings.patch_size, 1), "float32")
    lr = hr[:, :: settings.scale, :: settings.scale]
    student = seconds_of(new_student(settings), lr)
    steps, seconds = {}, 0.0
    if settings.pisr:
        teacher = seconds_of(new_teacher(settings), hr)
        steps["teacher"] = settings.teacher_epochs * settings.steps_per_epoch
        steps["student"] = settings.epochs * settings.steps_per_epoch
        seconds += steps["teacher"] * STEP * teacher
        seconds += steps["student"] * (STEP * student + teacher)
    for control in settings.controls:
        epochs = settings.epochs + (settings.teacher_epochs if control == "two_stages" else 0)
        steps[control] = epochs * settings.steps_per_epoch
        seconds += steps[control] * STEP * student
    say(console, steps, seconds)
