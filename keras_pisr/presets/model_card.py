"""Writes the model card of a preset from the results of its training run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_pisr.registration import package_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras


# What the models of a run of `recipes/pisr_x*.py` are.
METHODS = {
    "student": "distilled from a teacher that sees the high-resolution image (PISR)",
    "one_stage": "trained alone, for the steps of the student's own stage",
    "two_stages": "trained alone, for the steps of the teacher and the student together",
}
ALONE = "trained alone"
# Settings that say how it was trained; folders and machinery are left out.
SCHEDULE = (
    *("schedule", "epochs", "steps_per_epoch", "batch_size", "patch_size", "detail"),
    *("optimizer", "learning_rate", "final_learning_rate", "warmup_steps"),
    *("start", "averaging", "seed", "precision"),
)
DISTILLATION = (
    *("imitation_weight", "distillation", "distillation_weight", "feature", "start_from_decoder"),
)

_CARD = """---
library_name: keras
license: apache-2.0
pipeline_tag: image-to-image
tags:
- super-resolution
- keras-pisr
---
# {name}

{model} for x{scale} super-resolution of luma, {parameters} parameters, {method}.

    import keras_pisr as kp

    model = kp.from_preset("{name}")
    image = kp.upscale(model, "photo.jpg")

or `keras-pisr upscale photo.jpg -o large --preset {name}`.

Reads the Y of BT.601 (16-235) in [0, 1], `(batch, height, width, 1)`, and gives the same,
{scale} times as large, {clipped}.

## Scores

PSNR in dB / SSIM of luma, low-resolution images by antialiased bicubic, {scale} px shaved; last
weights of the run, no choice by these images.

{scores}

## Training

- Images: {images}.
- Stages: {stages}.
{settings}
- Trained with {environment}.
- Command: `{command}`

## Limits

{limits}
"""
LIMITS = """\
Trained on clean photographs shrunk by bicubic. JPEG artefacts, noise and blur of other kinds are
enlarged with the image. Text and drawings were not in the training images: there may be specks
beside hard edges, as of text on a screen."""
LIMITS_WITH_DRAWINGS = """\
Trained on clean photographs shrunk by bicubic, and on drawings, half of them shrunk so, half as a
screen shows them. JPEG artefacts, noise and blur of other kinds are enlarged with the image. Hard
edges of shapes on a screen may come out less true than by bicubic, with faint specks at times:
docs/results.md has the figures of each preset."""
LIMITS_DEGRADED = """\
Trained on photographs that were shrunk and then degraded as the settings say, and made to give back
the clean ones: detail that looks like such damage is smoothed. Where images are clean, the preset
without this training keeps more."""


def model_card(
    name: str,
    model: keras.Model,
    results: Mapping[str, Any],
    *,
    member: str = "student",
    command: str,
) -> str:
    """A model card in Markdown, with the header that model hubs read.

    Args:
        name: Name of the preset.
        model: The model.
        results: Content of `results.json` of a run of `recipes/pisr_x*.py`.
        member: The model of the run: a key of `METHODS`.
        command: Command that made the run, with placeholders for folders.

    Returns:
        Text for `README.md`.

    Raises:
        ValueError: If the run has no such member or another scale.
    """
    settings, scores = results["settings"], results["scores"]
    if member not in METHODS or member not in scores:
        raise ValueError(f"The run has {', '.join(scores)}; expected {member!r} among them.")
    if settings["scale"] != model.scale:
        raise ValueError(f"The run is for x{settings['scale']}, the model for x{model.scale}.")
    kept = SCHEDULE + (DISTILLATION if member == "student" else ())
    tables = [_table({"bicubic": scores["bicubic"], name: scores[member]})]
    if settings.get("degrade"):
        kept += ("degrade",)
        degraded = results["scores_degraded"]
        tables.append(f"The same with low-resolution images degraded by `{settings['degrade']}`:")
        tables.append(_table({"bicubic": degraded["bicubic"], name: degraded[member]}))
    if settings.get("start_from"):
        kept = tuple(key for key in kept if key != "start")
    environment = results["environment"]
    machines = [environment, *environment.get("resumed_on", [])]
    # Machines may differ in what a card does not tell.
    software = dict.fromkeys(map(_software, machines))
    return _CARD.format(
        name=name,
        model=type(model).__name__,
        scale=model.scale,
        parameters=f"{model.count_params():,}",
        clipped="clipped" if _clips(model) else "not clipped",
        method=method_of(results, member),
        scores="\n\n".join(tables),
        images=_images(results),
        stages=_steps(results, member) + _before(settings),
        settings="\n".join(f"- {key}: {settings[key]}" for key in kept if key in settings),
        environment=", resumed or scored with ".join(software),
        command=command,
        limits=_limits(settings),
    )


def _limits(settings):
    if settings.get("degrade"):
        return LIMITS_DEGRADED
    return LIMITS_WITH_DRAWINGS if settings.get("drawings") else LIMITS


def _clips(model):
    kind = package_class("SubpixelResidual")
    return any(isinstance(layer, kind) for layer in model.layers)


def _software(environment):
    versions, backend = environment["versions"], environment["backend"]
    return f"keras {versions['keras']}, {backend} {versions.get(backend, '')}".strip()


def _steps(results, member):
    stages = ["teacher", "student"] if member == "student" else [member]
    return ", ".join(f"{stage} {results['stages'][stage]['steps']:,} steps" for stage in stages)


def _before(settings):
    # The name of the file only: where it lay on somebody's disk says nothing.
    if settings.get("start_from"):
        path = Path(settings["start_from"])
        # A phase of a settings file has the name of its folder.
        name = path.parent.name if path.name == "one_stage.keras" else path.name
        return f", from a student trained before ({name})"
    if settings.get("start_body_from"):
        return f", the body from one of another scale ({Path(settings['start_body_from']).name})"
    return ""


def method_of(results, member):
    """How a model of a run was trained, in words."""
    # Without a teacher in the run there are no stages to compare with.
    method = METHODS[member] if results["settings"].get("pisr", True) else ALONE
    degrade = results["settings"].get("degrade")
    method += f", on degraded images ({degrade})" if degrade else ""
    return method + (", on drawings too" if results["settings"].get("drawings") else "")


def _images(results):
    # Names of folders only: where they lay on somebody's disk says nothing.
    settings, sources, copies = results["settings"], [], ""
    folders = {"hr_dir": "sizes", "tfds": "sizes", "jpeg_dir": "jpeg_sizes"}
    for kind, sizes in (folders | {"photo_dir": "photo_sizes"}).items():
        named, factors = settings.get(kind) or (), settings.get(sizes) or [1.0]
        names = [named] if kind == "tfds" and named else [Path(folder).name for folder in named]
        if names and factors != [1.0]:
            copies = ", shrunk copies counted"
            names[-1] += f" at {', '.join(map(str, factors))} of the size"
        sources += names
    sources = sources or ["photographs of scikit-image"]
    if settings.get("drawings"):
        sources.append("drawings")
    source = " and ".join(sources)
    return f"{results['training_images']:,} of {source}{copies}"


def _table(scores):
    tests = list(next(iter(scores.values())))
    lines = ["| | " + " | ".join(tests) + " |", "|---" * (len(tests) + 1) + "|"]
    for label, row in scores.items():
        cells = (f"{row[test]['psnr']:.2f} / {row[test]['ssim']:.4f}" for test in tests)
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
