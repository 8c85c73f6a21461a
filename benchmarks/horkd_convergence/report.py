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
# What is compared by the size of the LR images.
SIZE_ROWS = ("plain", "start", "horkd_123")
HR_HEIGHTS = {"classification": 64, "retrieval": 64, "faces": 102}
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
    draw_sizes(found, folder / "sizes.png")
    for task, runs in found.items():
        for what in ("curves", "tuned", "sizes"):
            if runs.get(what, {}).get("rows"):
                print(f"\n## {task}, {what}\n\n{table(task, runs[what]['rows'])}")
        if tuned_students(runs):
            print(f"\n## {task}, tune\n\n{tuning_table(task, runs['tune']['rows'])}")
        elif "tune" in runs:
            print(f"\n## {task}, tune\n\n{unfinished(task, runs['tune'])}")
        rows = {**runs.get("curves", {}).get("rows", {}), **runs.get("tuned", {}).get("rows", {})}
        for row in (row for row in rows if row.startswith("horkd_123")):
            print(f"\n## {task}, seed by seed\n\n{differences(task, rows, row)}")


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
            cells.append(mean_and_spread(values(points[-1], name)))
        before = points[(3 * len(points) - 1) // 4]
        gain = values(points[-1], names[0]).mean() - values(before, names[0]).mean()
        lines.append(
            f"| {label_of(row)} | {points[-1]['steps']} | {' | '.join(cells)} | {gain:+.1f} |"
        )
    return "\n".join(lines)


def label_of(row):
    """What a row is called in tables and figures."""
    if row in LABELS:
        return LABELS[row]
    if row.startswith("assistant_"):
        return f"assistant of {label_of(row.removeprefix('assistant_'))}, on HR"
    head, comma, size = row.partition(", ")
    if comma and head in LABELS:
        return f"{LABELS[head]}, {size}"
    method, colon, change = row.partition(": ")
    return f"{method.upper().replace('_123', ' 1 2 3')}{colon}{change}"


def mean_and_spread(numbers, sign=""):
    """The mean of numbers ± their sample deviation, if there are several."""
    spread = f" ± {numbers.std(ddof=1):.1f}" if len(numbers) > 1 else ""
    return f"{numbers.mean():{sign}.1f}{spread}"


def differences(task, rows, ours):
    """Markdown: the scores of a row minus those of each control, over the seeds, at the end.

    In brackets: with how many seeds the row is higher.
    """
    names = SCORES[task]
    lines = [f"| {label_of(ours)} minus | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for row in rows:
        if row.startswith(("assistant", "teacher")) or row == ours:
            continue
        cells = []
        for name in names:
            more = values(rows[ours][-1], name) - values(rows[row][-1], name)
            cells.append(f"{mean_and_spread(more, '+')} ({(more > 0).sum()} of {len(more)})")
        lines.append(f"| {label_of(row)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def tuned_students(runs):
    """Names of the students of a "tune"; none if `run.py` was stopped before its end."""
    run = runs.get("tune", {})
    rows = run.get("rows", {})
    if "parts" in run and not any(row.startswith("rkd: ") for row in rows):
        return []
    return [row for row in rows if not row.startswith(("assistant", "teacher"))]


def unfinished(task, run):
    """Markdown: what a "tune" holds that was stopped before its end."""
    parts = ", ".join(run["parts"])
    note = f"Partial: stopped after {parts}; nothing was chosen."
    return f"{note}\n\n{table(task, run['rows'])}"


def last_of(points, score):
    """The score of every seed by which weights are chosen: the mean of the last three points."""
    return np.mean([values(point, score) for point in points[-3:]], axis=0)


def tuning_table(task, rows):
    """Markdown: the first score on held-out images, by which the weights are chosen."""
    name = SCORES[task][0]
    lines = [f"| {name} on held-out images | HORKD 1 2 3 | RKD |", "|---|---|---|"]
    methods = ("horkd_123: ", "rkd: ")
    for change in dict.fromkeys(row.partition(": ")[2] for row in rows if row.startswith(methods)):
        both = (rows.get(f"{method}: {change}") for method in ("horkd_123", "rkd"))
        cells = [mean_and_spread(last_of(points, name)) if points else "" for points in both]
        lines.append(f"| {change} | {' | '.join(cells)} |")
    others = [
        f"{LABELS[row]} {mean_and_spread(last_of(rows[row], name))}"
        for row in ("start", "takd")
        if row in rows
    ]
    if others:
        lines += ["", f"For comparison: {'; '.join(others)}."]
    return "\n".join(lines)


def panels(count, width=5.0, height=4.0, columns=2):
    """A figure with so many panels, in rows; free places of the last row show nothing."""
    from matplotlib.figure import Figure

    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for free in axes[count:]:
        free.axis("off")
    return figure, axes


def draw_curves(found, path):
    """A panel per task: the mean over seeds of each row's first score, with the seeds' range."""
    found = {task: runs["curves"] for task, runs in found.items() if "curves" in runs}
    if not found:
        return
    figure, axes = panels(len(found))
    for panel, (task, run) in zip(axes, found.items(), strict=False):
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
            label = LABELS["teacher"]
            panel.axhline(level, color="black", linestyle=":", linewidth=1, label=label)
        panel.set(title=task, xlabel="steps of the student", ylabel=f"{name}, percent")
        panel.grid(alpha=0.3)
    handles = axes[0].get_legend_handles_labels()
    if len(axes) > len(found):
        axes[-1].legend(*handles, loc="center")
    else:
        figure.legend(*handles, loc="outside lower center", ncols=min(3, 2 * len(found)))
    save(figure, path)


def draw_tuning(found, path):
    """A panel per task: each change of the weights, on held-out images; a dot per seed."""
    found = {task: runs for task, runs in found.items() if tuned_students(runs)}
    if not found:
        return
    figure, axes = panels(len(found), width=7.5, height=6.5, columns=1)
    for panel, (task, runs) in zip(axes, found.items(), strict=True):
        name, rows = SCORES[task][0], tuned_students(runs)
        for y, row in enumerate(rows):
            last = last_of(runs["tune"]["rows"][row], name)
            method = row.partition(":")[0]
            panel.plot(last, [y] * len(last), "o", color=COLORS[method], alpha=0.4, markersize=5)
            panel.plot(last.mean(), y, "|", color=COLORS[method], markersize=13, markeredgewidth=2)
        panel.set_yticks(range(len(rows)), [label_of(row) for row in rows])
        panel.invert_yaxis()
        panel.set(title=task, xlabel=f"{name} on held-out images, percent")
        panel.grid(axis="x", alpha=0.3)
    save(figure, path)


def draw_sizes(found, path):
    """A panel per task: the first score of three rows by the height of the LR images.

    Above them are lines for two networks on HR images: the teacher, and the assistant without a
    guide.
    """
    found = {task: runs for task, runs in found.items() if runs.get("sizes", {}).get("rows")}
    if not found:
        return
    figure, axes = panels(len(found))
    for panel, (task, runs) in zip(axes, found.items(), strict=False):
        name = SCORES[task][0]
        for row in SIZE_ROWS:
            by_height = {}
            for named, points in runs["sizes"]["rows"].items():
                head, _, factor = named.partition(", LR smaller by ")
                if head == row:
                    by_height[HR_HEIGHTS[task] // int(factor)] = values(points[-1], name)
            draw_by_height(panel, row, by_height)
        rows = runs.get("curves", {}).get("rows", {})
        for row, style in (("teacher", ":"), ("assistant_start", "--")):
            if row in rows:
                level = values(rows[row][-1], name).mean()
                panel.axhline(level, color="black", linestyle=style, label=LABELS[row], linewidth=1)
        label_heights(panel, by_height, name)
        panel.set(title=task)
        panel.legend(fontsize=8)
    save(figure, path)


def draw_by_height(panel, row, by_height):
    """A line with the deviation over seeds, from heights of LR images to scores of the seeds."""
    heights = sorted(by_height)
    scores = [by_height[height] for height in heights]
    means = [seeds.mean() for seeds in scores]
    spreads = [seeds.std(ddof=1) if len(seeds) > 1 else 0 for seeds in scores]
    panel.errorbar(heights, means, spreads, color=COLORS[row], label=LABELS[row], capsize=3)


def label_heights(panel, heights, name):
    """Mark the heights of LR images, and say what is drawn over them."""
    panel.set_xscale("log", base=2)
    panel.set_xticks(sorted(heights), [str(height) for height in sorted(heights)])
    panel.minorticks_off()
    panel.set(xlabel="height of the LR images, px", ylabel=f"{name}, percent")
    panel.grid(alpha=0.3)


def save(figure, path):
    """Write a figure, whole or not at all."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
