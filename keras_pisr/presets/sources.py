"""Finds the folder of a preset."""

from __future__ import annotations

import difflib
import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from keras_pisr.presets.catalog import CATALOG

SHIPPED = Path(__file__).parent / "shipped"
# Files of a preset, in Keras Hub's layout; a model card (README.md) may lie beside them.
CONFIG, WEIGHTS, METADATA = FILES = ("config.json", "model.weights.h5", "metadata.json")

_HF = re.compile(r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)(@(?P<revision>[\w-][\w./-]*))?")
_KAGGLE = re.compile(r"[\w-]+/[\w-]+/\w+/[\w.-]+(/\d+)?")


class Source(NamedTuple):
    """A preset on disk.

    Attributes:
        folder: Folder of the files.
        root: Folder that the links among the files must not leave.
    """

    folder: Path
    root: Path


def locate(preset):
    """Find a preset. A preset on a hub is downloaded into the cache of the hub's library.

    Args:
        preset: Name in the catalog, folder, `hf://USER/NAME[@REVISION]` or
            `kaggle://USER/MODEL/FRAMEWORK/VARIATION[/VERSION]`.

    Returns:
        `Source`.

    Raises:
        ValueError: If there is no such preset, or it cannot be downloaded.
        ImportError: If the hub's library is not installed.
    """
    if not isinstance(preset, str | os.PathLike) or not str(preset).strip():
        raise ValueError(
            f"Expected the name of a preset or a folder; got {preset!r}. Presets: "
            f"{', '.join(CATALOG) or 'none'}."
        )
    text = str(preset)
    if text.startswith("hf://"):
        return _from_hugging_face(text)
    if text.startswith("kaggle://"):
        return _from_kaggle(text)
    if "://" in text:
        raise ValueError(f"Expected hf:// or kaggle:// in front of a preset on a hub; got {text}.")
    if text in CATALOG:
        return Source(SHIPPED / text, SHIPPED / text)
    folder = Path(preset).expanduser()
    if folder.is_dir():
        return Source(folder, folder)
    near = near_names(text)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise ValueError(
        f"There is no preset and no folder {text!r}.{hint} Presets: {', '.join(CATALOG) or 'none'}."
    )


def near_names(text: str, n: int = 3) -> list[str]:
    """Names in the catalog that look like `text`, the nearest first."""
    return difflib.get_close_matches(text, CATALOG, n=n)


def _from_hugging_face(text):
    match = _HF.fullmatch(text.removeprefix("hf://"))
    if match is None:
        raise ValueError(f"Expected hf://USER/NAME or hf://USER/NAME@REVISION; got {text}.")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ImportError(f"{text} needs a library: pip install huggingface_hub.") from error
    with _download_of(text):
        folder = Path(
            snapshot_download(match["repo"], revision=match["revision"], allow_patterns=list(FILES))
        )
    # snapshots/REVISION/ holds links to blobs/, which is also in the folder of this repository.
    return Source(folder, folder.parent.parent if folder.parent.name == "snapshots" else folder)


def _from_kaggle(text):
    handle = text.removeprefix("kaggle://")
    if _KAGGLE.fullmatch(handle) is None:
        raise ValueError(f"Expected kaggle://USER/MODEL/FRAMEWORK/VARIATION; got {text}.")
    try:
        from kagglehub import model_download
    except ImportError as error:
        raise ImportError(f"{text} needs a library: pip install kagglehub.") from error
    with _download_of(text):
        # Files are downloaded one by one, so that other files of the owner are not downloaded.
        folders = {Path(model_download(handle, path=name)).parent for name in FILES}
    if len(folders) != 1:
        raise ValueError(f"The files of {text} came into several folders: {sorted(folders)}.")
    folder = folders.pop()
    return Source(folder, folder)


@contextmanager
def _download_of(text):
    """Turn every error of a hub library into one kind of error that names the preset."""
    try:
        yield
    except Exception as error:
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        raise ValueError(
            f"Cannot download {text}: {reason}. Check the name, the network and your access to it."
        ) from error
