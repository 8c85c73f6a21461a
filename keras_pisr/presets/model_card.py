"""Writes the model card of a preset from the results of its training run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_pisr.registration import package_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras


# Descriptions of the models of a run of `recipes/pisr_x*.py`.
METHODS = {
    "student": "distilled from a teacher that sees the high-resolution image (PISR)",
    "one_stage": "trained alone, for the steps of the student's own stage",
    "two_stages": "trained alone, for the steps of the teacher and the student together",
}
ALONE = "trained alone"
# Settings that describe the training; folders and technical settings are left out.
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

The model reads the Y of BT.601 (16-235) in [0, 1], `(batch, height, width, 1)`, and returns it
{scale} times as large, {clipped}.

## Scores

The table gives PSNR in dB / SSIM of luma. Low-resolution images are made by antialiased bicubic,
and {scale} px are shaved from each side. The weights are the last of the run; these images chose
nothing.

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
The model was trained on clean photographs that were shrunk by bicubic interpolation. It enlarges
JPEG artefacts, noise and other kinds of blur with the image.
Text and drawings were not in the training images, so there may be specks beside hard edges, for
example of text on a screen."""
LIMITS_WITH_DRAWINGS = """\
The model was trained on clean photographs that were shrunk by bicubic interpolation, and on
drawings, of which half were shrunk in the same way and half were drawn as a screen shows them. It
enlarges JPEG artefacts, noise and other kinds of blur with the image. Hard edges of shapes on a
screen may be less accurate than by bicubic interpolation, sometimes with faint specks:
docs/results.md has the figures of each preset."""
LIMITS_DEGRADED = """\
The model was trained on photographs that were shrunk and then degraded as the settings say, and
learned to restore the clean ones. It therefore smooths detail that looks like such damage. On clean
images, the preset without this training keeps more detail."""


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
    # Machines may differ in details that the card does not show.
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
    # Only the name of the file is shown, because its folder on somebody's disk has no meaning.
    if settings.get("start_from"):
        path = Path(settings["start_from"])
        # A phase of a settings file is called by its folder.
        name = path.parent.name if path.name == "one_stage.keras" else path.name
        return f", from a student trained before ({name})"
    if settings.get("start_body_from"):
        return f", the body from one of another scale ({Path(settings['start_body_from']).name})"
    return ""


def method_of(results, member):
    """How a model of a run was trained, in words."""
    # If the run has no teacher, there are no stages to compare with.
    method = METHODS[member] if results["settings"].get("pisr", True) else ALONE
    degrade = results["settings"].get("degrade")
    method += f", on degraded images ({degrade})" if degrade else ""
    return method + (", on drawings too" if results["settings"].get("drawings") else "")


def _images(results):
    # Only the names of folders are shown, because their paths on somebody's disk have no meaning.
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
