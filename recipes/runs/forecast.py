"""Estimates the time of a run before it starts."""

import math
import time

from keras_pisr.callbacks.progress import clock

# Measured on two CPU cores: STEP is the time of a training step (gradients, optimizer, data)
# divided by that of a forward pass, and START is the time of a stage before its first step, in
# seconds.
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


def say(console, steps, seconds):
    """Print the plan of a run.

    Args:
        console: A `rich.console.Console`.
        steps: Number of steps of each stage, by name.
        seconds: Time of all steps.
    """
    plan = ", ".join(f"{name} {count}" for name, count in steps.items())
    total = clock(60 * math.ceil((seconds + START * len(steps)) / 60))
    console.print(f"Steps: {plan}. About {total} in all on this machine.", soft_wrap=True)
