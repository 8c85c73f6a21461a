"""What a map's results file, table and figure show."""

import numpy as np

from keras_pisr.atomic import atomic_path

COMPARED = {
    "same_steps": "alone for the student's steps",
    "same_total": "alone for all steps of teacher and student",
}


def collected(cell, records):
    """One cell with one seed, for the results file."""
    psnr = {name: record["psnr"] for name, record in records.items()}
    mean = {name: float(np.mean(list(images.values()))) for name, images in psnr.items()}
    return {
        "factor": cell.factor,
        "level": cell.level,
        "seed": cell.taught.seed,
        "steps": {name: getattr(cell, name).steps for name in records},
        "psnr": {name: round(value, 4) for name, value in mean.items()},
        "beyond": {name: round(mean["taught"] - mean[name], 4) for name in COMPARED},
        "seconds": {name: record["seconds"] for name, record in records.items()},
    }


def grouped(found):
    """`{factor: {level: [cells of all seeds]}}`, in the order of the results file."""
    groups = {}
    for cell in found["cells"]:
        groups.setdefault(cell["factor"], {}).setdefault(cell["level"], []).append(cell)
    return groups


def table(found):
    """Markdown: mean over seeds, and in brackets the lowest and the highest seed."""
    lines = [
        "| | | seeds | alone, dB | PISR minus alone, same student steps | same steps in all |",
        "|---|---|---|---|---|---|",
    ]
    for factor, levels in grouped(found).items():
        for level, cells in levels.items():
            alone = np.mean([cell["psnr"]["same_steps"] for cell in cells])
            gains = []
            for name in COMPARED:
                values = [cell["beyond"][name] for cell in cells]
                spread = f" ({min(values):+.3f} to {max(values):+.3f})" if len(values) > 1 else ""
                gains.append(f"{np.mean(values):+.3f}{spread}")
            lines.append(
                f"| {factor} | {level} | {len(cells)} | {alone:.3f} | {' | '.join(gains)} |"
            )
    return "\n".join(lines)


def draw(found, path):
    """One panel per factor: PISR minus the student alone, every seed a dot, with their mean."""
    from matplotlib.figure import Figure

    groups = grouped(found)
    heights = [len(levels) + 1 for levels in groups.values()]
    figure = Figure(figsize=(8, 0.34 * sum(heights) + 1.2), layout="constrained")
    panels = figure.subplots(
        len(groups), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    for axes, (factor, levels) in zip(panels, groups.items(), strict=True):
        for name, color, shift in (
            ("same_steps", "tab:blue", -0.14),
            ("same_total", "tab:orange", 0.14),
        ):
            for y, cells in enumerate(levels.values()):
                values = [cell["beyond"][name] for cell in cells]
                at = y + shift
                axes.plot([min(values), max(values)], [at, at], color=color, linewidth=1)
                axes.plot(values, [at] * len(values), ".", color=color, alpha=0.5)
                label = COMPARED[name] if y == 0 and axes is panels[0] else None
                axes.plot(np.mean(values), at, "|", color=color, markersize=11, label=label)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(levels)), list(levels))
        axes.set_ylim(len(levels) - 0.4, -0.6)
        axes.set_title(factor, loc="left", fontsize=9)
        axes.grid(axis="x", alpha=0.3)
    panels[-1].set_xlabel("PISR minus the student alone, dB on held-out images")
    figure.legend(loc="outside lower center", ncols=2, fontsize=8)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
