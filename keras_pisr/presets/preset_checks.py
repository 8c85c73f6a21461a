"""What must be true of a preset's files before Keras sees them."""

import hashlib
import io
import json
import re

from keras_pisr.presets.sources import CONFIG, FILES, METADATA, WEIGHTS
from keras_pisr.registration import MODELS


def read_files(preset, source, max_bytes):
    """The three files of a preset, whole and as their checksums say.

    Args:
        preset: What the user called it, for messages.
        source: `Source`.
        max_bytes: Largest sum of their sizes.

    Returns:
        `(config, weights)`: a dict, and the bytes of the file.

    Raises:
        ValueError: If a file is missing, lies elsewhere, is too large or damaged.
    """
    root, size = source.root.resolve(), 0
    for name in FILES:
        path = source.folder / name
        if not path.resolve().is_relative_to(root):
            raise ValueError(
                f"{name} of the preset {preset} is a link to {path.resolve()}, outside of its "
                "folder. Copy the file itself there."
            )
        if not path.is_file():
            raise ValueError(
                f"The preset {preset} has no {name}. A preset folder holds {', '.join(FILES)}, as "
                "save_to_preset writes them."
            )
        size += path.stat().st_size
    if size > max_bytes:
        raise ValueError(
            f"The preset {preset} holds {size} bytes, more than the {max_bytes} allowed. If you "
            "trust it, raise max_bytes."
        )
    content = {name: (source.folder / name).read_bytes() for name in FILES}
    metadata = _json(preset, METADATA, content[METADATA])
    _check_sums(preset, metadata, content)
    return _json(preset, CONFIG, content[CONFIG]), content[WEIGHTS]


def checksum(content):
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def check_model_class(preset, config):
    """Raise unless the preset is of one of this package's models, by module and by name."""
    name, registered = config.get("class_name"), config.get("registered_name")
    module = str(config.get("module")).split(".")[0]
    if module != "keras_pisr" or name not in MODELS or registered != f"keras_pisr>{name}":
        raise ValueError(
            f"The preset {preset} is of the class {config.get('module')}.{name} (registered as "
            f"{registered}), which is not a model of keras_pisr: {', '.join(sorted(MODELS))}."
        )


def check_weights(preset, content, max_bytes):
    """How many numbers a weights file holds, if it refers to nothing outside of itself.

    HDF5 files can point to other files on the machine, and can announce more data than they
    hold.

    Raises:
        ValueError: If this one does, or if it is no HDF5 file.
    """
    import h5py

    total = size = 0
    try:
        with h5py.File(io.BytesIO(content)) as file:
            groups = [file]
            while groups:
                group = groups.pop()
                for name in group:
                    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                        raise ValueError(f"{group.name}/{name} is a link")
                    item = group[name]
                    if isinstance(item, h5py.Group):
                        groups.append(item)
                        continue
                    if item.is_virtual or item.external:
                        raise ValueError(f"{item.name} lies in another file")
                    total += item.size or 0
                    size += item.nbytes
                    if size > max_bytes:
                        raise ValueError(
                            f"it announces more than the {max_bytes} bytes allowed; if you trust "
                            "it, raise max_bytes"
                        )
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise ValueError(f"{WEIGHTS} of the preset {preset} is refused: {error}.") from error
    return total


def _json(preset, name, content):
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} of the preset {preset} is no JSON: {error}.") from error
    if not isinstance(value, dict):
        raise ValueError(f"{name} of the preset {preset} holds no JSON object.")
    return value


def _check_sums(preset, metadata, content):
    sums = metadata.get("sha256")
    if not isinstance(sums, dict) or set(sums) != {CONFIG, WEIGHTS}:
        listed = ", ".join(map(str, sums)) if isinstance(sums, dict) else "none"
        raise ValueError(
            f"{METADATA} of the preset {preset} must give checksums of {CONFIG} and {WEIGHTS}; it "
            f"gives: {listed}. Save the preset again with save_to_preset."
        )
    for name, wanted in sums.items():
        if not re.fullmatch("[0-9a-f]{64}", str(wanted)) or checksum(content[name]) != wanted:
            raise ValueError(
                f"{name} of the preset {preset} is damaged or was changed: its checksum differs "
                f"from the one in {METADATA}. Get it again."
            )
