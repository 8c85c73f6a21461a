"""Checks a preset's files before Keras sees them."""

import hashlib
import re

from keras_pisr.presets.configuration import parse_configuration
from keras_pisr.presets.sources import CONFIG, FILES, METADATA, WEIGHTS
from keras_pisr.registration import MODELS


def read_files(preset, source, max_bytes):
    """Read the three files of a preset, and compare them with their checksums.

    Args:
        preset: The user's name for the preset, for messages.
        source: `Source` of the files.
        max_bytes: Largest sum of their sizes.

    Returns:
        `(config, weights)`: a dict, and the bytes of the file.

    Raises:
        ValueError: If a file is missing, lies in another folder, is too large or is damaged.
    """
    root, size = source.root.resolve(), 0
    for name in FILES:
        path = source.folder / name
        try:
            place = path.resolve()
        except (RuntimeError, OSError) as error:
            raise ValueError(f"{name} of the preset {preset} is a link to itself.") from error
        if not place.is_relative_to(root):
            raise ValueError(
                f"{name} of the preset {preset} is a link to {place}, outside of its folder. Copy "
                "the file itself there."
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
    metadata = parse_configuration(f"{METADATA} of the preset {preset}", content[METADATA])
    _check_sums(preset, metadata, content)
    return parse_configuration(f"{CONFIG} of the preset {preset}", content[CONFIG]), content[
        WEIGHTS
    ]


def checksum(content):
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def check_model_class(preset, config):
    """Raise a `ValueError` unless the class is a model of this package, by module and name."""
    name, registered = config.get("class_name"), config.get("registered_name")
    module = str(config.get("module")).split(".")[0]
    if module != "keras_pisr" or name not in MODELS or registered != f"keras_pisr>{name}":
        raise ValueError(
            f"The preset {preset} is of the class {config.get('module')}.{name} (registered as "
            f"{registered}), which is not a model of keras_pisr: {', '.join(sorted(MODELS))}."
        )


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
                f"from the one in {METADATA}. Download or copy it again."
            )
