"""An optimizer for a run of known length, with a warm-up, a cosine and a moving average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from keras_pisr.optimizers.soap import SOAP

if TYPE_CHECKING:
    from collections.abc import Callable


def scheduled(
    steps: int,
    *,
    optimizer: Callable[..., Any] = SOAP,
    learning_rate: float = 3e-3,
    final_learning_rate: float = 1e-5,
    warmup_steps: int = 100,
    averaging: float = 0.05,
) -> keras.optimizers.Optimizer:
    """An optimizer whose learning rate rises linearly, then falls by a cosine, over `steps` steps.

    The warm-up protects weights that are already good, such as a bicubic start: the first
    steps of Adam and SOAP change every weight by as much as the learning rate. The moving
    average replaces the weights when `fit` ends.

    Args:
        steps: Number of steps of the whole run: epochs times batches per epoch.
        optimizer: Function from a learning rate, and arguments of `keras.optimizers.Optimizer`,
            to an optimizer.
        learning_rate: Highest learning rate. 3e-3 suits `SOAP`, networks of this package's size
            and few photographs. Use 1e-2 for long runs on many photographs, and 1e-3 for Adam.
        final_learning_rate: Learning rate of the last step.
        warmup_steps: Number of steps of the rise, at most half of `steps`. 0 starts at the
            highest learning rate.
        averaging: Approximate share of the steps over which the moving average reaches; 0 keeps
            the last weights.

    Returns:
        The optimizer, for `compile`.

    Raises:
        ValueError: If `steps` is below 1.

    Example:
        >>> optimizer = keras_pisr.optimizers.scheduled(1000)
        >>> float(optimizer._learning_rate(100)), float(optimizer._learning_rate(1000))
        (0.003..., 1.0...e-05)
    """
    if steps < 1:
        raise ValueError(f"Expected one step or more; got {steps}.")
    warmup = min(warmup_steps, steps // 2)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else learning_rate,
        steps - warmup,
        alpha=final_learning_rate / learning_rate,
        warmup_target=learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    average = {}
    if averaging:
        average = {"use_ema": True, "ema_momentum": max(0.0, 1 - 1 / (averaging * steps))}
    return optimizer(rate, **average)
