"""How long a run will take, before it starts."""

import math
import time

import numpy as np

from keras_pisr.callbacks.progress import clock
from pisr.networks import new_student, new_teacher

# Measured on two CPU cores: a training step takes about so many times as long as a forward pass
# (gradients, optimizer, data), and each stage so many seconds before its first step.
STEP = 5.0
START = 15.0


def seconds_of(model, images):
    """Seconds of one forward pass, the best of three."""
    model.predict_on_batch(images)
    times = []
    for _ in range(3):
        started = time.perf_counter()
        model.predict_on_batch(images)
        times.append(time.perf_counter() - started)
    return min(times)


def forecast(settings):
    """`(steps, seconds)`: steps of each stage by name, and what all of them take, about."""
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
    return steps, seconds + START * len(steps)


def print_forecast(settings, console):
    """Say which stages there are and how long all of them take on this machine, about."""
    steps, seconds = forecast(settings)
    plan = ", ".join(f"{name} {count}" for name, count in steps.items())
    total = clock(60 * math.ceil(seconds / 60))
    console.print(f"Steps: {plan}. About {total} in all on this machine.", soft_wrap=True)
