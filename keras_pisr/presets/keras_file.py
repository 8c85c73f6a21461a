"""A saved student from a file that somebody else made."""

import json
import lzma
import struct
import zipfile
import zlib
from pathlib import Path

_MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
# Where the parts of a plain Keras network live. Other modules hold what reads or fetches files.
_KERAS_MODULES = {
    "keras.constraints",
    "keras.dtype_policies",
    "keras.initializers",
    "keras.layers",
    "keras.quantizers",
    "keras.regularizers",
    # Operations on symbolic tensors, such as `x + y`, are saved under these names.
    "keras.src.ops.image",
    "keras.src.ops.nn",
    "keras.src.ops.numpy",
}
_KERAS_CLASSES = {
    ("keras", "DTypePolicy"),
    ("keras", "Functional"),
    ("keras", "Sequential"),
    ("keras.models", "Functional"),
    ("keras.models", "Sequential"),
    ("keras.src.models.functional", "Functional"),
}
# Layers that run foreign code or read a file named in the configuration.
_UNSAFE_LAYERS = {
    "Lambda",
    "TFSMLayer",
    "TorchModuleWrapper",
    "JaxLayer",
    "FlaxLayer",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
}
# What zipfile, its decompressors and json raise for bytes that make no sense.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,  # A seek to before the start of the file, and bad bzip2 data.
    EOFError,
    NotImplementedError,
    RuntimeError,  # Also RecursionError, for JSON nested too deep.
    json.JSONDecodeError,
    UnicodeDecodeError,
)
# Plain values that Keras writes as objects.
_PLAIN_CLASSES = {"__keras_tensor__", "__tensor__", "__numpy__", "__ellipsis__", "__slice__"}


def load_student(path, *, max_bytes=256 * 2**20):
    """Load a `.keras` file without trusting it.

    The archive and the configuration are checked before Keras sees them: only the files Keras
    writes, of bounded size, and only layers of Keras and keras_pisr that neither run code nor
    read files. The model is not compiled.

    Not checked is what an honest architecture costs: a small file may describe a network
    that does not fit in memory.

    Args:
        path: File ending in `.keras`, as `model.save` writes it.
        max_bytes: Largest total size after decompression. A student takes kilobytes; the
            default leaves room for any network one would call small.

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
    check_classes(path, _read_config(path, max_bytes))

    import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except MemoryError:
        raise
    except Exception as error:
        # Keras and h5py raise many types for a damaged or mismatched file.
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise ValueError(
            f"{path} cannot be loaded: {reason}. Save the model again with this version of "
            "keras_pisr, or check that the file was copied whole."
        ) from error


def _read_config(path, max_bytes):
    # Opened here, so that a file we may not read is not called a bad zip.
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(
                f"{path} is not a .keras file: it is not a zip archive, or it was cut short. Copy "
                "it again, or save the model again with model.save."
            )
        try:
            with zipfile.ZipFile(file) as archive:
                _check_members(path, archive, max_bytes)
                return json.loads(archive.read("config.json"))
        except _DAMAGE as error:
            raise ValueError(f"{path} is damaged: {error}. Copy it again.") from error


def _check_members(path, archive, max_bytes):
    """Raise unless the archive holds what Keras writes, of bounded size and undamaged."""
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
    # testzip reads all members and compares their checksums.
    damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"{path} is damaged: {damaged} fails its checksum. Copy it again.")


def check_classes(path, config):
    """Raise `ValueError` unless every object in a model's configuration is of an allowed class.

    Args:
        path: Where the configuration came from, for the message.
        config: What `keras.saving.serialize_keras_object` gives.
    """
    if not isinstance(config, dict) or "class_name" not in config:
        raise ValueError(f"{path} is not a .keras file: its config.json describes no model.")
    # Not loaded, since the model is not compiled: an optimizer or loss of the user is no harm.
    waiting = [{key: value for key, value in config.items() if key != "compile_config"}]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            if "class_name" in value and not _is_allowed(value):
                raise ValueError(
                    f"{path} names the class {value.get('module')}.{value['class_name']} "
                    f"(registered as {value.get('registered_name')}), which is neither a plain "
                    "Keras layer nor of keras_pisr, or may run code. If you trust the file, load "
                    "it yourself with keras.saving.load_model and pass the model."
                )
            waiting += value.values()


def _is_allowed(value):
    name, module = value["class_name"], value.get("module")
    registered = value.get("registered_name")
    if not isinstance(name, str):
        return False
    if name in _PLAIN_CLASSES:
        return True
    if not isinstance(module, str):
        return False
    # Keras looks the registered name up first, so that is the one to trust or not.
    if registered not in (None, name):
        ours = registered == f"keras_pisr>{name}" and module.split(".")[0] == "keras_pisr"
        return ours and name[:1].isupper()
    if name == "function":
        return module == "builtins"  # One of Keras' own activations, initializers and the like.
    plain = module in _KERAS_MODULES and name[:1].isupper() and name not in _UNSAFE_LAYERS
    return plain or (module, name) in _KERAS_CLASSES
