"""The documentation keeps its promises: links lead somewhere, figures are those of the files."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from keras_pisr.presets import CATALOG
from keras_pisr.presets.catalog import RECOMMENDED

ROOT = Path(__file__).parents[1]
MEASUREMENTS = ROOT / "docs" / "reference" / "phone_measurements.md"
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "docs").rglob("*.ipynb")),
    *sorted(path for path in (ROOT / "mobile").rglob("*.md") if "vendor" not in path.parts),
]


def written(text):
    """A page without its code, in which nothing is a link or a heading."""
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page):
    """What links may name in a page, as code hosting sites and the site make it from headings."""
    titles = re.findall(r"^#{1,6} (.+)$", written(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_and_their_anchors_resolve(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", written(page.read_text())):
        name, _, anchor = target.partition("#")
        if "://" in target:
            continue
        found = page.parent / name if name else page
        assert found.exists(), f"{page.name} links to {target}"
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), f"{page.name} links to {target}"


def scores_of(file, model):
    results = json.loads((ROOT / "docs" / "results" / f"{file}.json").read_text())
    return results["scores"][model]


def cells_of(scores):
    return " | ".join(f"{s['psnr']:.2f} / {s['ssim']:.4f}" for s in scores.values())


@pytest.mark.parametrize("model", ["bicubic", "one_stage", "two_stages", "student"])
def test_scores_are_those_of_the_results_file(model):
    page = (ROOT / "docs" / "results.md").read_text()
    assert cells_of(scores_of("pisr_x2", model)) in page


def trained(preset):
    """File and model of the run that a preset was made of."""
    if preset == "residual_fsrcnn_x2":
        return preset, "one_stage"
    scale = re.search(r"x\d", preset)[0]
    if preset.startswith("plain_sr_"):
        return preset.replace("plain_sr_", "plain_sr/"), "one_stage"
    if preset.endswith("_mixed"):
        return f"mixed_{scale}", "one_stage"
    return f"presets_{scale}", "student" if preset.endswith("_pisr") else "two_stages"


@pytest.mark.parametrize("preset", sorted(CATALOG))
def test_scores_of_presets_are_those_of_their_results_files(preset):
    scores = scores_of(*trained(preset))
    for page in ("docs/results.md", "README.md"):
        # README shows those to take, the page of results all of them.
        if page != "README.md" or CATALOG[preset].get("status") == RECOMMENDED:
            assert f"| `{preset}`" in (ROOT / page).read_text()
            assert cells_of(scores) in (ROOT / page).read_text()
    catalog = {name: round(score["psnr"], 2) for name, score in scores.items()}
    assert catalog == CATALOG[preset]["psnr"]


def test_scores_on_drawings_are_those_of_the_results_file():
    results = json.loads((ROOT / "docs" / "results" / "drawings.json").read_text())
    lines = (ROOT / "docs" / "results.md").read_text().splitlines()
    for name, sets in results["scores"].items():
        cells = [f"{score:.2f}" for kinds in sets.values() for score in kinds.values()]
        label = f"`{name}`" if name in CATALOG else name
        assert f"| {label} | {' | '.join(cells)} |" in lines
    assert set(CATALOG) < set(results["scores"])


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_what_pisr_gains_is_the_difference_of_the_results(scale):
    pisr, alone = (scores_of(f"presets_x{scale}", model) for model in ("student", "two_stages"))
    gains = " | ".join(f"{pisr[name]['psnr'] - alone[name]['psnr']:+.3f}" for name in pisr)
    assert f"| x{scale} | {gains} |" in (ROOT / "docs" / "results.md").read_text()


def test_gains_over_a_start_are_those_of_the_results_file():
    log = (ROOT / "docs" / "log" / "training.md").read_text().splitlines()
    guide = (ROOT / "docs" / "guides" / "own_data.md").read_text()
    for row in json.loads((ROOT / "docs" / "results" / "start_from.json").read_text()):
        start, student = row["psnr"]["start"], row["psnr"]["one_stage"]
        gains = [student[test] - start[test] for test in start]
        setting = (row["optimizer"], row["learning_rate"], row["patch_size"], row["steps"])
        rate = f"{setting[0]}, {setting[1]:.0e}".replace("-0", "-")
        cells = [row["kind"], rate, f"{setting[2]} px, {setting[3]}"]
        cells += [f"{gain:+.3f}" for gain in gains] + [""] * (3 - len(gains))
        assert f"| {' | '.join(cells)} |" in log
        if setting == ("soap", 3e-4, 48, 600):
            assert f"| {' | '.join(f'{gain:+.2f}' for gain in gains)} |" in guide


@pytest.mark.parametrize("task", ["classification", "retrieval", "faces"])
def test_recognition_scores_are_those_of_the_results_files(task):
    results = json.loads((ROOT / "docs" / "results" / f"horkd_{task}.json").read_text())
    page = (ROOT / "docs" / "horkd_results.md").read_text()
    for row, scores in results["rows"].items():
        if row.startswith("assistant") and row not in ("assistant_start", "assistant_horkd_123"):
            continue
        cells = [
            f"{100 * score['mean']:.1f}"
            + ("" if score["spread"] is None else f" ± {100 * score['spread']:.1f}")
            for score in scores.values()
        ]
        assert f"| {' | '.join(cells)} |" in page, row


@pytest.mark.parametrize("row", ["plain", "plain_long", "start", "rkd", "takd", "horkd_123"])
def test_the_summary_of_recognition_is_that_of_the_results_files(row):
    cells = []
    for task, name in {"classification": "top1", "retrieval": "recall@1", "faces": "rank1"}.items():
        path = ROOT / "docs" / "results" / "horkd_convergence" / f"{task}.json"
        last = json.loads(path.read_text())["curves"]["rows"][row][-1]["scores"].values()
        values = [100 * scores[name] for scores in last]
        cells.append(f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}")
    assert f"| {' | '.join(cells)} |" in (ROOT / "README.md").read_text()


def test_times_of_runtimes_are_those_of_the_results_file():
    results = json.loads((ROOT / "docs" / "results" / "speed" / "runtimes.json").read_text())
    page = MEASUREMENTS.read_text()
    for name in results["threads"]["1"]:
        (line,) = [line for line in page.splitlines() if line.startswith(f"| {name} | ")]
        for rows in results["threads"].values():
            row = rows[name]
            figures = f"| {row['median_ms']:.0f}, {row['p90_ms']:.0f} ms | {row['ratio']:.2f} |"
            assert figures in line


def test_times_of_plain_sr_are_those_of_the_results_file():
    path = ROOT / "docs" / "results" / "speed" / "plain_sr_runtimes.json"
    lines = MEASUREMENTS.read_text().splitlines()
    for name, row in json.loads(path.read_text())["rows"].items():
        assert f"| {name} | {row['median_ms']:.0f} | {row['ratio']:.2f} |" in lines


@pytest.mark.parametrize("name", ["x2", "x3", "x4", "x2_rgb"])
def test_precisions_of_plain_sr_are_those_of_the_results_file(name):
    path = ROOT / "docs" / "results" / "plain_sr" / f"precisions_{name}.json"
    luma, _, whole_images = MEASUREMENTS.read_text().partition("\n### Whole images\n")
    page = whole_images if name.endswith("rgb") else luma
    students = json.loads(path.read_text())["students"]
    unit = list(students.values())[-1]["float32"]["latency"]["median_ms"]
    for student, rows in students.items():
        for precision, row in rows.items():
            scores = " | ".join(f"{score['file_psnr']:.2f}" for score in row["scores"].values())
            ms = row["latency"]["median_ms"]
            figures = f"{row['bytes'] / 1000:.1f} | {ms:.0f} | {ms / unit:.2f}"
            assert (
                f"| `{student.partition('(')[2][:-1]}` | {precision} | {scores} | {figures} |"
                in page
            )


def test_ready_files_are_those_of_the_results_file():
    results = json.loads((ROOT / "docs" / "results" / "ready_files.json").read_text())
    lines = MEASUREMENTS.read_text().splitlines()
    for row in results["files"]:
        (line,) = [line for line in lines if line.startswith(f"| `{row['file']}` |")]
        figures = [
            f"{row['bytes'] / 1000:.1f}",
            f"{row['psnr']:.2f}",
            f"{round(row['psnr'] - row['psnr_of_keras'], 3) + 0:+.3f}",
            f"{row['psnr'] - row['psnr_of_bicubic']:+.2f}",
        ]
        assert f" | {' | '.join(figures)} | " in line
        assert line.endswith(f"| {row['latency']['median_ms']:.1f} |")
    presets = {name for name, entry in CATALOG.items() if entry.get("status") == RECOMMENDED}
    assert {row["preset"] for row in results["files"]} == presets


def test_rates_of_degraded_and_streamed_pairs_are_those_of_the_results_files():
    page, results = (ROOT / "docs" / "data.md").read_text(), ROOT / "docs" / "results"
    degraded = json.loads((results / "speed" / "degradations.json").read_text())
    for name, rate in degraded["pairs_a_second"].items():
        assert f"| `{name}` | {rate:,} |" in page
    streamed = json.loads((results / "streaming.json").read_text())
    small, large = streamed["files"].values()
    for name, row in small.items():
        rates = " | ".join(f"{each['pairs_a_second']:,}" for each in (row, large[name]))
        assert f"| {name} | {rates} |" in page
    for name, peak in streamed["peak_mib_of_a_pass"].items():
        assert f"| {name} | {peak:,} |" in page
    assert max(v for k, v in streamed["peak_mib_of_a_pass"].items() if "streamed" in k) < 1024


KINDS = {
    "images": "images in 8 formats, by `keras-pisr upscale`",
    "exif": "images with damaged EXIF data",
    "presets": "presets, with checksums that fit",
    "keras": "`.keras` files",
    "tflite": "`.tflite` files",
    "tars": "archives of labelled images",
    "run_folders": "JSON files of a finished run, resumed",
    "kills": "runs killed with SIGKILL and resumed",
    "signals": "SIGTERM, SIGHUP, SIGINT to upscale, export, qat, video",
}


def test_counts_of_robustness_are_those_of_the_results_file():
    kinds = json.loads((ROOT / "docs" / "results" / "robustness.json").read_text())["kinds"]
    page = (ROOT / "docs" / "robustness.md").read_text()
    for kind, counts in kinds.items():
        cells = " | ".join(str(counts[name]) for name in ("tried", "made", "refused", "failed"))
        assert f"| {KINDS[kind]} | {cells} |" in page
    for kind in KINDS.keys() - kinds.keys():
        assert f"| {KINDS[kind]} | not measured |" in page


def test_what_the_training_snippet_gives_is_what_the_results_file_says():
    results = json.loads((ROOT / "docs" / "results" / "readme_snippet.json").read_text())
    page = (ROOT / "README.md").read_text()
    rows = results["photographs"].values()
    for label, name, form in [
        ("Set5 x2, bicubic, dB", "bicubic", ".2f"),
        ("Set5 x2, the student, dB", "student", ".2f"),
        ("seconds", "seconds", "d"),
    ]:
        assert f"| {label} | {' | '.join(format(row[name], form) for row in rows)} |" in page
    assert all(row["student"] > row["bicubic"] + 1 for row in rows)
