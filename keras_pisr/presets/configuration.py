"""Checks a model's configuration before Keras builds from it."""

import json
import re

# The configuration of a student has kilobytes, that of the largest network in keras.applications
# half a megabyte.
MOST_BYTES = 4 * 2**20
# No filter count, size or factor of a real network is larger. Seeds may be larger.
MOST_NUMBER = 2**24
_NUMERIC = re.compile(r"(bool|u?int\d+|b?float\d+)")
# Modules of the parts of a plain Keras network. Other modules hold functions that read or fetch
# files.
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
# Plain values that Keras writes as objects.
_PLAIN_CLASSES = {"__keras_tensor__", "__tensor__", "__numpy__", "__ellipsis__", "__slice__"}


def parse_configuration(name, content):
    """The JSON object in a configuration file.

    Args:
        name: Name of the file in messages.
        content: Bytes of the file.

    Raises:
        ValueError: If the file is too large, or does not hold a JSON object.
    """
    if len(content) > MOST_BYTES:
        raise ValueError(f"{name} has {len(content)} bytes; at most {MOST_BYTES} are read.")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise ValueError(f"{name} does not hold a JSON object.")
    return value


def check_classes(path, config):
    """Raise a `ValueError` if a configuration could run code, read files or take too much memory.

    Args:
        path: Source of the configuration, for the message.
        config: Result of `keras.saving.serialize_keras_object`.

    Raises:
        ValueError: If an object is of a class that is not allowed, or a number is too large.
    """
    if not isinstance(config, dict) or "class_name" not in config:
        raise ValueError(f"{path} is not a .keras file: its config.json does not describe a model.")
    # The compilation is not checked: the model is not compiled, so a user's optimizer or loss does
    # no harm.
    waiting = [(None, {key: value for key, value in config.items() if key != "compile_config"})]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, list):
            waiting += [(key, part) for part in value]
        elif isinstance(value, dict):
            if "class_name" in value and not _is_allowed(value):
                raise ValueError(
                    f"{path} names the class {value.get('module')}.{value['class_name']} "
                    f"(registered as {value.get('registered_name')}), which is neither a plain "
                    "Keras layer nor of keras_pisr, or may run code. If you trust the file, load "
                    "it yourself with keras.saving.load_model and pass the model."
                )
            waiting += value.items()
        elif isinstance(value, int) and abs(value) > MOST_NUMBER and not _may_be_large(key):
            raise ValueError(
                f"{path} sets {key} to {value}; no network for a phone has a number above "
                f"{MOST_NUMBER}."
            )


def _may_be_large(key):
    return key == "shared_object_id" or "seed" in str(key)


def _is_allowed(value):
    name, module = value["class_name"], value.get("module")
    registered = value.get("registered_name")
    if not isinstance(name, str):
        return False
    if name in _PLAIN_CLASSES:
        content = value.get("config")
        dtype = content.get("dtype") if isinstance(content, dict) else None
        # For a string type, NumPy could allocate two gigabytes for one string.
        return name not in ("__numpy__", "__tensor__") or bool(_NUMERIC.fullmatch(str(dtype)))
    if not isinstance(module, str):
        return False
    # Keras looks up the registered name first, so this name decides.
    if registered not in (None, name):
        ours = registered == f"keras_pisr>{name}" and module.split(".")[0] == "keras_pisr"
        return ours and name[:1].isupper()
    if name == "function":
        # This is one of Keras' own functions, such as an activation or initializer.
        return module == "builtins"
    plain = module in _KERAS_MODULES and name[:1].isupper() and name not in _UNSAFE_LAYERS
    return plain or (module, name) in _KERAS_CLASSES
