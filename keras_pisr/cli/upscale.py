"""`keras-pisr upscale`."""

from pathlib import Path
from typing import Annotated

import tyro

from keras_pisr.console.one_line_errors import complain
from keras_pisr.console.progress_bar import ProgressBar

# Up to this quality, the presets for JPEG are better than those without (docs/results.md).
JPEG_QUALITY = 90


def upscale(
    images: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="IN...")],
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="OUT")],
    preset: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None,
    model: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None,
    scale: Annotated[int | None, tyro.conf.arg(metavar="N")] = None,
    suffix: Annotated[str, tyro.conf.arg(metavar="TEXT")] = "",
    recursive: tyro.conf.FlagCreatePairsOff[bool] = False,
    overwrite: tyro.conf.FlagCreatePairsOff[bool] = False,
    max_pixels: Annotated[int, tyro.conf.arg(metavar="N")] = 250_000_000,
    crf: Annotated[int, tyro.conf.arg(metavar="N")] = 18,
) -> int:
    """Enlarge images and videos with a trained network.

    IN are files, folders or patterns: PNG, JPEG, WebP and TIFF (BMP, PNM, GIF and AVIF become PNG)
    and, with keras-pisr[video], MP4, MOV and MKV (WebM, AVI and others become MKV). The network
    makes luma; bicubic interpolation makes colour and transparency. 16 bit, colour profile, EXIF
    and other metadata are kept if the format has a place for them, and a note says what is left
    out. Images of any size are read into memory once and enlarged tile by tile. Videos are
    enlarged frame by frame and become H.264, with sound and subtitles copied. Files that fail are
    named, and the others are still made; the exit code is then 1.

    For example:

      keras-pisr upscale photo.jpg -o large.jpg
      keras-pisr upscale photos scans/*.tif -o large --scale 3 --suffix _x3
      keras-pisr upscale photo.png -o large --model student.keras
      keras-pisr upscale clip.mp4 -o large.mp4

    Args:
        images: Image files, video files, folders, or patterns.
        out: Folder for the results or, for one input, the file to write.
        preset: The network: name of a preset, a preset folder, or hf://USER/NAME [the recommended
            one for --scale, plain_sr_x2_small for 2]. plain_sr_x2_small_jpeg suits images that were
            saved as JPEG at a quality of 90 or less; on clean images it keeps a little less detail.
        model: The network: a .keras or .tflite file, instead of a preset.
        scale: Factor by which to enlarge, which chooses the preset [2].
        suffix: Text that is added to each name: _x2 makes photo_x2.jpg.
        recursive: Also enlarge the files of subfolders, to subfolders of OUT.
        overwrite: Replace existing files. Without this option, they are kept.
        max_pixels: Largest number of pixels of an image or frame; larger ones are refused before
            they are decoded.
        crf: Quality of videos, from 0 (lossless) to 51 (the worst).
    """
    from keras_pisr.inference.inputs import plan_results

    # The inputs are checked before a backend is imported, which takes seconds.
    plan = plan_results(images, out, suffix=suffix, recursive=recursive)
    network = _network(preset, model, scale)

    from keras_pisr.inference.files import upscale_planned

    options = {"overwrite": overwrite, "max_pixels": max_pixels, "crf": crf}
    with ProgressBar() as bar:

        def show(path, done, total):
            bar.update(done, total, path.name)

        report = upscale_planned(network, plan, on_progress=show, **options)
    for path, reason in report.failed.items():
        complain("keras-pisr", f"{path}: {reason}")
    for path, sentences in report.notes.items():
        complain("keras-pisr", f"{path}: {'; '.join(sentences)}", kind="note")
    if preset is None and model is None:
        _name_preset_for_jpeg(list(report.written), network.scale)
    skipped = f"; {len(report.skipped)} were there already" if report.skipped else ""
    failed = f"; {len(report.failed)} failed" if report.failed else ""
    noun = _noun(report.written)
    print(f"{len(report.written)} {noun} written to {out}{skipped}{failed}")
    return 1 if report.failed else 0


def _name_preset_for_jpeg(originals, scale):
    from keras_pisr.inference.formats.jpeg_quality import jpeg_quality
    from keras_pisr.presets import CATALOG

    name = f"plain_sr_x{scale}_small_jpeg"
    if name not in CATALOG:
        return
    coarse = [path for path in originals if (jpeg_quality(path) or 100) <= JPEG_QUALITY]
    if coarse:
        which = f"{len(coarse)} images were" if len(coarse) > 1 else f"{coarse[0]} was"
        complain(
            "keras-pisr",
            f"{which} saved as JPEG at a quality of {JPEG_QUALITY} or less; --preset {name} is "
            "trained for this",
            kind="note",
        )


def _noun(written):
    from keras_pisr.inference.video.video_file import SUFFIXES

    videos = sum(path.suffix.lower() in SUFFIXES for path in written)
    noun = "file" if 0 < videos < len(written) else "video" if videos else "image"
    return noun if len(written) == 1 else noun + "s"


def choose_preset(scale):
    """The package's preset for a factor: the recommended one, if the catalog has one.

    Otherwise a preset that was trained on drawings is chosen, then one that was taught by a
    privileged teacher.

    Args:
        scale: Factor by which the preset enlarges, or None for 2.

    Returns:
        Name of the preset.

    Raises:
        ValueError: If the catalog has no preset for this factor.
    """
    from keras_pisr.presets import CATALOG
    from keras_pisr.presets.catalog import RECOMMENDED

    wanted = scale or 2
    names = [name for name, entry in CATALOG.items() if entry.get("scale") == wanted]
    if not names:
        there = sorted({entry["scale"] for entry in CATALOG.values() if "scale" in entry})
        raise ValueError(
            f"There is no preset for scale {wanted}, only for: "
            f"{', '.join(map(str, there)) or 'none'}. Name one with --preset, or a file with "
            "--model."
        )

    def rank(name):
        recommended = CATALOG[name].get("status") == RECOMMENDED
        return recommended, name.endswith("_mixed"), name.endswith("_pisr")

    return max(names, key=rank)


def _network(preset, model, scale):
    if preset is not None and model is not None:
        raise ValueError("Give either --preset or --model.")
    from keras_pisr.cli.model_argument import KINDS, super_resolution_model

    name = str(model) if model is not None else preset or choose_preset(scale)
    loaded, _ = super_resolution_model(name, accept=KINDS[1:])
    from keras_pisr.inference.network import Network

    network = Network(loaded)
    if scale not in (None, network.scale):
        raise ValueError(f"{name} enlarges by {network.scale}, not by {scale}. Leave --scale out.")
    return network
