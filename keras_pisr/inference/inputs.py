"""Finds the files to enlarge, and names their results."""

import glob
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from keras_pisr.data.images.decoder import SUFFIXES as READ
from keras_pisr.inference.formats.writers import SUFFIXES
from keras_pisr.inference.video import video_file as video

# Suffixes of pictures and videos that are neither read nor written. A path with one of them is not
# taken as a folder.
_OTHER_MEDIA = (".heic", ".heif", ".jxl", ".svg", ".dng", ".3gp", ".ogv", ".mp3", ".wav", ".mpeg4")
_NAMED = 5


class Plan(NamedTuple):
    """The files to enlarge."""

    targets: dict  # Path of the original -> Path of the result.
    notes: dict  # Path of a folder -> sentences about the files in it that are left out.


def plan_results(inputs, out, *, suffix="", recursive=False):
    """Find the files and name their results, without writing anything.

    Args:
        inputs: As for `find_files`.
        out: As for `name_results`.
        suffix: As for `name_results`.
        recursive: As for `find_files`.

    Returns:
        `Plan`.

    Raises:
        FileNotFoundError: If an input does not exist.
        ValueError: If there is nothing to do, or results would collide.
    """
    notes = {}
    places = find_files(inputs, notes, recursive=recursive, without=Path(out))
    return Plan(name_results(places, out, suffix=suffix), notes)


def find_files(inputs, notes, *, recursive=False, without=None):
    """The image and video files that files, folders and patterns stand for.

    Args:
        inputs: Paths of files; of folders, whose images and videos are taken; or patterns such as
            `photos/*.jpg`, for shells that do not expand them.
        notes: Dict that gets, for each folder, sentences about the files that are left out.
        recursive: Take the files of subfolders, too.
        without: A folder that is not searched: the folder of the results.

    Returns:
        Dict, in order, from the `Path` of a file to the `Path` of its subfolder, relative to the
        folder that was named; `.` if it lies directly in that folder.

    Raises:
        FileNotFoundError: If a path does not exist, or nothing matches a pattern.
        ValueError: If a folder holds no image, or nothing is named.
    """
    found = {}
    for text in map(str, inputs):
        path = Path(text)
        if path.is_dir():
            for each, place in _of_folder(path, notes, recursive, without).items():
                found.setdefault(each, place)
        elif path.exists():
            found.setdefault(path, Path())
        else:
            matches = [Path(match) for match in sorted(glob.glob(text, recursive=True))]
            if not matches:
                raise FileNotFoundError(
                    f"There is no file or folder {text}, and nothing matches it as a pattern."
                )
            for match in matches:
                if match.is_file():
                    found.setdefault(match, Path())
    if not found:
        raise ValueError("Expected image files, folders or patterns; got none.")
    return found


def name_results(places, out, *, suffix=""):
    """The paths of the results.

    Args:
        places: Paths of image and video files, each with the subfolder of `out` that it goes to.
        out: A folder; or, for one file, a file with the suffix of a format.
        suffix: Text that is added to the name of each file: `_x2` makes `photo_x2.jpg`.

    Returns:
        Original path to the path of the result. Formats that are not written become PNG
        (BMP, PNM, GIF, AVIF) and Matroska (WebM, AVI and others).

    Raises:
        ValueError: If two results would have the same path, or a result the path of an original; or
            if a result cannot be written in the format that `out` names.
    """
    out, targets = Path(out), {}
    if _is_file_name(out):
        if len(places) > 1:
            raise ValueError(f"{len(places)} files cannot go to one file, {out}: name a folder.")
        targets = dict.fromkeys(places, out)
    else:
        for path, place in places.items():
            other = ".mkv" if is_video(path) else ".png"
            form = path.suffix if path.suffix.lower() in _forms(path) else other
            targets[path] = out / place / f"{path.stem}{suffix}{form}"
    originals = {path.resolve() for path in places}
    taken = {}
    for path, target in targets.items():
        if target.suffix.lower() not in _forms(path):
            raise ValueError(
                f"{path} cannot become {target.name}; choose one of {', '.join(_forms(path))}."
            )
        if target.resolve() in originals:
            raise ValueError(
                f"{target} is one of the originals. Choose another folder, or add --suffix _large."
            )
        if target in taken:
            raise ValueError(f"{taken[target]} and {path} would both become {target}.")
        taken[target] = path
    return targets


def is_video(path):
    """Whether a file is taken as a video, by its suffix."""
    return path.suffix.lower() in video.SUFFIXES


def _of_folder(folder, notes, recursive, without):
    taken, others, subfolders = {}, [], []
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        below = []
        for path in sorted(here.iterdir()):
            if path.name.startswith("."):
                continue
            if path.is_dir():
                # Links may form a circle.
                below += [] if path.is_symlink() or _same(path, without) else [path]
            elif path.suffix.lower() in (*READ, *video.SUFFIXES) and path.is_file():
                taken[path] = here.relative_to(folder)
            else:
                others.append(str(path.relative_to(folder)))
        if recursive:
            waiting += below[::-1]
        else:
            subfolders += [path.name for path in below]
    told = []
    if others:
        told.append(f"{len(others)} files of other kinds are left out: {_named(others)}")
    if subfolders:
        told.append(
            f"{len(subfolders)} subfolders are left out: {_named(subfolders)}. "
            "Include them with --recursive"
        )
    if not taken:
        left_out = f" ({'; '.join(told)})" if told else ""
        raise ValueError(
            f"{folder} holds no image or video ({', '.join((*READ, *video.SUFFIXES))}){left_out}."
        )
    if told:
        notes[folder] = tuple(told)
    return taken


def _same(path, other):
    return other is not None and path.resolve() == other.resolve()


def _named(names):
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _is_file_name(out):
    """Whether `out` names a file, even in a format that is not written."""
    Image.init()
    media = {*SUFFIXES, *video.SUFFIXES, *Image.registered_extensions(), *_OTHER_MEDIA}
    return out.suffix.lower() in media and not out.is_dir()


def _forms(path):
    return tuple(video.FORMATS) if is_video(path) else SUFFIXES
