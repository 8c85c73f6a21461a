"""One line per epoch, and a bar with the time left for the whole of `fit`."""

from __future__ import annotations

import time
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Progress(keras.callbacks.Callback):
    """Shows the progress of the whole of `fit`, and prints one line of logs per epoch.

    Use it with `fit(..., verbose=0)`: Keras' own bar knows the time left of one epoch only.
    The bar appears on a terminal only; a log file gets only the lines.

    Args:
        name: Name of the training, which starts every line.
        steps_per_epoch: Batches per epoch.
        console: A `rich.console.Console`; by default one on standard output.
    """

    def __init__(self, name: str, steps_per_epoch: int, console: Console | None = None) -> None:
        super().__init__()
        self.name = name
        self.steps_per_epoch = steps_per_epoch
        self.console = console or Console(highlight=False)

        self.bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start the bar and the clock."""
        self.bar.start()
        self.task = self.bar.add_task(self.name, total=self.params["epochs"] * self.steps_per_epoch)
        self.first_epoch = -1

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Note where a continued run starts."""
        if self.first_epoch < 0:
            self.first_epoch = epoch
            self.started = time.monotonic()
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar."""
        done = self.epoch * self.steps_per_epoch + batch + 1
        self.bar.update(self.task, completed=done)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Print the logs of the epoch, the rate and the time left."""
        seconds = time.monotonic() - self.started
        done, total = epoch + 1, self.params["epochs"]
        epochs_here = done - self.first_epoch
        rate = epochs_here * self.steps_per_epoch / seconds
        left = seconds / epochs_here * (total - done)
        values = "  ".join(f"{name} {float(value):.4g}" for name, value in (logs or {}).items())
        self.bar.console.print(
            f"{self.name} {done}/{total}  {values}  {rate:.1f} steps/s  "
            f"{clock(left)} left of {self.name}",
            soft_wrap=True,
        )

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Take the bar away."""
        self.close()

    def close(self) -> None:
        """Remove the bar. Call it in a `finally`: Keras calls nothing after an error."""
        self.bar.stop()


def clock(seconds):
    """Seconds as `h:mm:ss`."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
