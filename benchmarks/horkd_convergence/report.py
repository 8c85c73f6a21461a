"""Figures and tables of HORKD at convergence, from the results files that `run.py` wrote.

    python benchmarks/horkd_convergence/report.py

Writes `curves.png`, `tune.png` and `sizes.png` beside the files, as far as there are results, and
prints the tables in Markdown.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tyro

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "recipes"))

from horkd.methods import LABELS  # noqa: E402
from keras_pisr.atomic import atomic_path  # noqa: E402

TASKS = ("classification", "retrieval", "faces")
SCORES = {
    "classification": ("top1", "top5"),
    "retrieval": ("recall@1", "recall@8", "map"),
    "faces": ("rank1", "auc", "tar@far=0.01"),
}
COLORS = {
    "plain": "black",
    "plain_long": "tab:gray",
    "start": "tab:brown",
    "kd": "tab:cyan",
    "rkd": "tab:olive",
    "takd": "tab:blue",
    "horkd_1": "tab:pink",
    "horkd_2": "tab:purple",
    "horkd_3": "tab:orange",
    "horkd_123": "tab:red",
}


def main(folder: tyro.conf.Positional[Path] = ROOT / "docs" / "results" / "horkd_convergence"):
    """Draw and print what there is.

    Args:
        folder: Where `classification.json`, `retrieval.json` and `faces.json` lie.
    """
    found = {task: folder / f"{task}.json" for task in TASKS}
    found = {task: json.loads(path.read_text()) for task, path in found.items() if path.exists()}
    if not found:
        sys.exit(f"report.py: error: {folder} holds no results file of {', '.join(TASKS)}.")
    draw_curves(found, folder / "curves.png")
    draw_tuning(found, folder / "tune.png")
    if "sizes" in found.get("classification", {}):
        draw_sizes(found["classification"], folder / "sizes.png")
    for task, runs in found.items():
        for what in ("curves", "tuned", "tune", "sizes"):
            if runs.get(what, {}).get("rows"):
                print(f"\n## {task}, {what}\n\n{table(task, runs[what]['rows'])}")


def values(point, score):
    """A score of every seed, in percent."""
    return np.array([100 * seed[score] for seed in point["scores"].values()])


def table(task, rows):
    """Markdown: mean and sample deviation over seeds at the end, and the gain of the last quarter.

    The last column says whether a row has stopped gaining: how much higher its first score is at
    the end than after three quarters of its steps.
    """
    names = SCORES[task]
    lines = [f"| | steps | {' | '.join(names)} | last quarter |", "|---" * (len(names) + 3) + "|"]
    for row, points in rows.items():
        cells = []
        for name in names:
            last = values(points[-1], name)
            spread = f" ± {last.std(ddof=1):.1f}" if len(last) > 1 else ""
            cells.append(f"{last.mean():.1f}{spread}")
        before = points[(3 * len(points) - 1) // 4]
        gain = values(points[-1], names[0]).mean() - values(before, names[0]).mean()
        label = LABELS.get(row, row)
        if row.startswith("assistant_") and row not in LABELS:
            method = row.removeprefix("assistant_")
            label = f"assistant of {LABELS.get(method, method)}, on HR"
        lines.append(f"| {label} | {points[-1]['steps']} | {' | '.join(cells)} | {gain:+.1f} |")
    return "\n".join(lines)


def panels(count, width=5.2, height=4.2):
    """A figure with so many panels beside each other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * count, height), layout="constrained")
    return figure, figure.subplots(1, count, squeeze=False)[0]


def draw_curves(found, path):
    """A panel per task: the mean over seeds of each row's first score, with the seeds' range."""
    found = {task: runs["curves"] for task, runs in found.items() if "curves" in runs}
    if not found:
        return
    figure, axes = panels(len(found))
    for panel, (task, run) in zip(axes, found.items(), strict=True):
        name = SCORES[task][0]
        for row in (row for row in COLORS if row in run["rows"]):
            points = run["rows"][row]
            steps = [point["steps"] for point in points]
            scores = np.array([values(point, name) for point in points])
            panel.plot(steps, scores.mean(axis=1), color=COLORS[row], label=LABELS[row])
            panel.fill_between(
                steps, scores.min(axis=1), scores.max(axis=1), color=COLORS[row], alpha=0.12
            )
        if "teacher" in run["rows"]:
            level = values(run["rows"]["teacher"][-1], name).mean()
            panel.axhline(level, color="black", linestyle=":", linewidth=1)
        panel.set(title=task, xlabel="steps of the student", ylabel=f"{name}, percent")
        panel.grid(alpha=0.3)
    columns = min(5, 2 * len(found))
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=columns, fontsize=8)
    save(figure, path)


def draw_tuning(found, path):
    """A panel per task: each change of the weights, on held-out images."""
    found = {task: runs["tune"] for task, runs in found.items() if "tune" in runs}
    if not found:
        return
    figure, axes = panels(len(found), width=6.5, height=6)
    for panel, (task, run) in zip(axes, found.items(), strict=True):
        name = SCORES[task][0]
        rows = [row for row in run["rows"] if not row.startswith(("assistant", "teacher"))]
        for y, row in enumerate(rows):
            last = [values(point, name).mean() for point in run["rows"][row][-3:]]
            color = "tab:red" if row.startswith("horkd") else "tab:olive"
            panel.plot(last, [y] * len(last), ".", color=color, alpha=0.4)
            panel.plot(np.mean(last), y, "|", color=color, markersize=12)
        panel.set_yticks(range(len(rows)), [LABELS.get(row, row) for row in rows])
        panel.invert_yaxis()
        panel.set(title=task, xlabel=f"{name} on held-out images, percent")
        panel.grid(axis="x", alpha=0.3)
    save(figure, path)


def draw_sizes(runs, path):
    """The first score of three rows by the size of the LR images, below that of the teacher."""
    figure, (panel,) = panels(1, width=6)
    for row in ("plain", "start", "horkd_123"):
        by_size = {}
        for name, points in runs["sizes"]["rows"].items():
            head, _, factor = name.partition(", LR smaller by ")
            if head == row:
                # HR images of Tiny ImageNet have 64 px.
                by_size[64 // int(factor)] = values(points[-1], "top1")
        at = sorted(by_size)
        means = [by_size[size].mean() for size in at]
        spreads = [by_size[size].std(ddof=1) if len(by_size[size]) > 1 else 0 for size in at]
        panel.errorbar(at, means, spreads, color=COLORS[row], label=LABELS[row], capsize=3)
    rows = runs.get("curves", {}).get("rows", {})
    for row, style in (("teacher", ":"), ("assistant_start", "--")):
        if row in rows:
            level = values(rows[row][-1], "top1").mean()
            panel.axhline(level, color="black", linestyle=style, label=LABELS[row], linewidth=1)
    panel.set_xscale("log", base=2)
    panel.set_xticks([8, 16, 32], ["8", "16", "32"])
    panel.set(xlabel="side of the LR images, px", ylabel="top1, percent")
    panel.grid(alpha=0.3)
    panel.legend(fontsize=8)
    save(figure, path)


def save(figure, path):
    """Write a figure, whole or not at all."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
