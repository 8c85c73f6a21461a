"""Learning curves of one or several runs, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_pisr.atomic import atomic_path

if TYPE_CHECKING:
    import os


def plot_history(histories: Any, path: str | os.PathLike[str]) -> None:
    """Draw every logged quantity over the epochs, in one panel per quantity.

    Validation values are dashed, in the colour of their run. Needs matplotlib.

    Args:
        histories: The result of `model.fit`, or its `.history`, or a mapping from a run's label to
            either of them.
        path: Picture to write; the suffix chooses the format (`.png`, `.svg`, `.pdf`).

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If nothing was logged.

    Example:
        >>> import os, tempfile
        >>> path = tempfile.mkdtemp() + "/curves.png"
        >>> plot_history({"student": {"loss": [3.0, 2.0], "val_loss": [3.5, 2.5]}}, path)
        >>> os.path.getsize(path) > 1000
        True
    """
    try:
        from matplotlib import colormaps
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Drawing curves needs matplotlib: pip install 'keras-pisr[recipes]'."
        ) from error
    runs = _runs(histories)
    logged = dict.fromkeys(key.removeprefix("val_") for run in runs.values() for key in run)
    if not logged:
        raise ValueError("Expected histories with at least one epoch logged; got none.")
    # A `Figure` is made without pyplot, so that no window system and no global state is needed.
    rows, columns = -(-len(logged) // 3), min(3, len(logged))
    figure = Figure(figsize=(4.5 * columns, 3.2 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    colormap = colormaps["tab10" if len(runs) <= 10 else "tab20"]
    colors = [colormap(i) for i in range(colormap.N)]
    named: dict[str, Any] = {}
    for axes, quantity in zip(grid, logged, strict=False):
        for i, (label, run) in enumerate(runs.items()):
            for key, style in ((quantity, "-"), (f"val_{quantity}", "--")):
                if key in run:
                    name = " ".join(part for part in (label, "val" * (style == "--")) if part)
                    epochs = range(1, len(run[key]) + 1)
                    color = colors[i % len(colors)]
                    (line,) = axes.plot(epochs, run[key], style, color=color, label=name or None)
                    named.setdefault(name, line)
        axes.set(title=quantity, xlabel="epoch")
        axes.grid(alpha=0.3)
    for axes in grid[len(logged) :]:
        axes.set_axis_off()
    if list(named) != [""]:
        figure.legend(named.values(), named.keys(), loc="outside right upper", fontsize="small")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)


def _runs(histories):
    """A dict from label to `{quantity: [value per epoch]}`; a single run has the empty label."""
    histories = getattr(histories, "history", histories)
    values = list(histories.values())
    if values and all(isinstance(value, (list, tuple)) for value in values):
        histories = {"": histories}
    return {str(label): getattr(run, "history", run) for label, run in histories.items()}
