"""Loads a saved student from an untrusted file."""

from __future__ import annotations

import json
import lzma
import struct
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from keras_pisr.presets.configuration import check_classes, parse_configuration
from keras_pisr.presets.sources import CONFIG, FILES, WEIGHTS
from keras_pisr.presets.weight_file import check_weights

if TYPE_CHECKING:
    import os

    import keras


_MEMBERS = set(FILES)
# Errors that zipfile, its decompressors and json raise for damaged bytes.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,  # Raised by a seek to before the start of the file, and by bad bzip2 data.
    EOFError,
    NotImplementedError,  # Raised by zipfile for a compression that it does not know.
    RuntimeError,  # Includes RecursionError, for JSON that is nested too deep.
    json.JSONDecodeError,
    UnicodeDecodeError,
)


def load_student(path: str | os.PathLike[str], *, max_bytes: int = 256 * 2**20) -> keras.Model:
    """Load a `.keras` file without trusting it.

    The archive and the configuration are checked before Keras reads them. The archive may hold only
    the files that Keras writes, with a bounded size. The configuration may name only layers of
    Keras and keras_pisr that neither run code nor read files. The model is not compiled.

    The cost of an allowed architecture is not checked: a small file may describe a network
    that does not fit in memory.

    Args:
        path: File ending in `.keras`, as `model.save` writes it.
        max_bytes: Largest total size after decompression. A student takes kilobytes; the
            default leaves room for every small network.

    Returns:
        `keras.Model`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a `.keras` archive, is damaged, too large, or holds
            classes that are not allowed.

    Example:
        >>> student = load_student("student.keras")  # doctest: +SKIP
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ValueError(f"Expected a file ending in .keras, as model.save writes it; got {path}.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    check_classes(path, read_config(path, max_bytes))
    with zipfile.ZipFile(path) as archive:
        weights = archive.read(WEIGHTS)
    try:
        check_weights(weights, max_bytes)
    except ValueError as error:
        raise ValueError(f"The weights in {path} are refused: {error}.") from error

    import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except MemoryError:
        raise
    except Exception as error:
        # Keras and h5py raise many types of errors for a damaged or mismatched file.
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise ValueError(
            f"{path} cannot be loaded: {reason}. Save the model again with this version of "
            "keras_pisr, or check that the file was copied whole."
        ) from error


def read_config(path, max_bytes=256 * 2**20):
    """The configuration in a `.keras` file, checked as `load_student` checks it, without Keras."""
    path = Path(path)
    # The file is opened here, so that a file without read permission is not reported as a bad zip.
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(
                f"{path} is not a .keras file: it is not a zip archive, or it was cut short. Copy "
                "it again, or save the model again with model.save."
            )
        try:
            with zipfile.ZipFile(file) as archive:
                _check_members(path, archive, max_bytes)
                return parse_configuration(f"config.json of {path}", archive.read(CONFIG))
        except _DAMAGE as error:
            raise ValueError(f"{path} is damaged: {error}. Copy it again.") from error


def _check_members(path, archive, max_bytes):
    """Raise a `ValueError` unless the archive is undamaged, bounded, and as Keras writes it."""
    names = archive.namelist()
    if set(names) != _MEMBERS or len(names) != len(_MEMBERS):
        listed = ", ".join(sorted(names)[:8])
        raise ValueError(
            f"{path} is not a .keras file of a student: expected {', '.join(sorted(_MEMBERS))}; "
            f"it holds {listed or 'nothing'}."
        )
    size = sum(member.file_size for member in archive.infolist())
    if size > max_bytes:
        raise ValueError(
            f"{path} holds {size} bytes, more than the {max_bytes} allowed. If it is yours, "
            "raise max_bytes."
        )
    # `testzip` reads all members and compares their checksums.
    damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"{path} is damaged: {damaged} fails its checksum. Copy it again.")
