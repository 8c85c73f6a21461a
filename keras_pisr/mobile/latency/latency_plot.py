"""Latencies as a picture."""

from keras_pisr.atomic import atomic_path
from keras_pisr.console.sizes import told_size


def plot_latency(rows, path):
    """Draw medians as bars, with a line up to the slow percentile.

    Args:
        rows: `Latency` or `PhoneLatency`, of one file on one machine.
        path: File to write, ending in .png, .svg or .pdf.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the ending is none of these.
    """
    if not str(path).endswith((".png", ".svg", ".pdf")):
        raise ValueError(f"Expected a path ending in .png, .svg or .pdf; got {path}.")
    try:
        # Not pyplot: it keeps figures and looks for a screen.
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("Plots need matplotlib. Run: pip install matplotlib") from error
    slow = "p95_ms" if hasattr(rows[0], "p95_ms") else "p90_ms"
    medians = [row.median_ms for row in rows]
    labels = [f"{getattr(row, 'delegate', 'cpu')}, threads: {row.threads}" for row in rows]
    figure = Figure(figsize=(7, 1.6 + 0.45 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    beyond = [max(getattr(row, slow) - row.median_ms, 0) for row in rows]
    bars = axes.barh(labels, medians, xerr=[[0] * len(rows), beyond], capsize=4, color="#4878a8")
    axes.bar_label(
        bars, [f" {median:.1f} ms " for median in medians], label_type="center", color="w"
    )
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    size = told_size(rows[0].size)
    axes.set_xlabel(f"ms: median, and a line to the {slow[1:3]}th percentile; input {size} px")
    axes.set_title(f"{rows[0].name} on {rows[0].machine}", fontsize=9, wrap=True)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150)
