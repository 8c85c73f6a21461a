"""Figure and table: recognition by the size of the LR images, from results files of a recipe.

    python benchmarks/horkd_convergence/lr_sizes.py docs/results/horkd_retrieval*.json

Each file holds one size: it is the `results.json` of `recipes/horkd_retrieval.py` or another HORKD
recipe with its own `--lr-factor`. The files must agree in every other setting but the methods. The
teacher sees HR images and has the same score in all of them. The figure is written as `--out`; the
table is printed in Markdown.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tyro

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "recipes"))

from report import (  # noqa: E402
    SCORES,
    SIZE_ROWS,
    draw_by_height,
    label_heights,
    mean_and_spread,
    panels,
    save,
)

from horkd.methods import LABELS  # noqa: E402

# What may differ between the files.
FREE = ("lr_factor", "methods", "out", "resume", "data", "tensorboard")


def main(
    files: tyro.conf.Positional[tuple[Path, ...]],
    out: Path = ROOT / "docs" / "results" / "horkd_sizes.png",
):
    """Compare the sizes.

    Args:
        files: Results files, one per size.
        out: The figure to write.
    """
    sizes = {}
    for path in files:
        results = json.loads(path.read_text())
        sizes[results["networks"]["student"]["image"][0]] = results
    sizes = dict(sorted(sizes.items()))
    first = next(iter(sizes.values()))
    for results in sizes.values():
        differing = [
            name
            for name, value in results["settings"].items()
            if name not in FREE and first["settings"].get(name) != value
        ]
        if differing:
            sys.exit(f"lr_sizes.py: error: the files differ in {', '.join(differing)}.")
    name = SCORES[first["settings"]["task"]][0]
    draw(sizes, name, out)
    print(table(sizes, name))


def seeds_of(results, row, name):
    """A score of every seed, in percent."""
    return np.array([100 * rows[row][name] for rows in results["runs"].values()])


def table(sizes, name):
    """Markdown: the score of each row by size, and how much of the gap to the teacher HORKD closes.

    The gap is the teacher's score minus that of the student alone.
    """
    lines = [
        f"| {name}, height of the LR images | {' | '.join(LABELS[row] for row in SIZE_ROWS)} "
        "| teacher, on HR | HORKD minus alone | part of the gap |",
        "|---" * (len(SIZE_ROWS) + 4) + "|",
    ]
    for height, results in sizes.items():
        scores = {row: seeds_of(results, row, name) for row in SIZE_ROWS}
        teacher = 100 * results["rows"]["teacher"][name]["mean"]
        gain = scores["horkd_123"] - scores["plain"]
        part = gain.mean() / (teacher - scores["plain"].mean())
        cells = [mean_and_spread(scores[row]) for row in SIZE_ROWS]
        cells += [f"{teacher:.1f}", mean_and_spread(gain, "+"), f"{100 * part:.0f} %"]
        lines.append(f"| {height} px | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(sizes, name, out):
    """The score of each row by the height of the LR images, below a line for the teacher."""
    figure, (panel,) = panels(1, width=8)
    for row in SIZE_ROWS:
        scores = {height: seeds_of(results, row, name) for height, results in sizes.items()}
        draw_by_height(panel, row, scores)
    teacher = [100 * results["rows"]["teacher"][name]["mean"] for results in sizes.values()]
    panel.plot(list(sizes), teacher, "k:", label="teacher, on HR", linewidth=1)
    label_heights(panel, sizes, name)
    panel.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    save(figure, out)


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
