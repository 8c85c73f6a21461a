"""The MODEL argument of every command: bicubic, a preset, or a file."""

import os
from pathlib import Path

from keras_pisr.console.quiet import without_notices

KINDS = ("bicubic", "a preset", "a .keras file", "a .tflite file")
TRAINABLE = KINDS[1:3]


def resolve_model(model, *, accept=KINDS):
    """Load the model that a MODEL argument names.

    Args:
        model: `bicubic`; a preset (its name, a folder, or an address on a hub); or the path of a
            `.keras` or `.tflite` file.
        accept: The kinds among `KINDS` that the command takes.

    Returns:
        `(model, name)`: `"bicubic"`, a Keras model or a `TFLiteModel`, and what to call it.

    Raises:
        ValueError: If the argument is none of these, is of a kind that the command does not take,
            or the file cannot be loaded.
        FileNotFoundError: If the file is absent.
    """
    model = str(model)
    kind = kind_of(model)
    if kind not in accept:
        from keras_pisr.presets import near_names

        near = near_names(model) if kind is None else ()
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        wanted = f"{', '.join(accept[:-1])} or {accept[-1]}"
        raise ValueError(f"Expected MODEL to be {wanted}; got {model or 'nothing'}.{hint}")
    path = Path(model).expanduser()
    if kind == "bicubic":
        return "bicubic", "bicubic"
    # This check comes before the import of a backend, which takes seconds.
    if kind != "a preset":
        check_file(path)
    if kind == "a .tflite file":
        from keras_pisr.mobile import TFLiteModel

        # A few threads are enough: these networks are too small for many.
        return TFLiteModel(path, threads=min(4, os.cpu_count() or 1)), path.name
    with without_notices():
        if kind == "a .keras file":
            from keras_pisr.forms.int8.quantized import check_backend
            from keras_pisr.presets import load_student

            loaded = load_student(path)
            check_backend(loaded)
        else:
            from keras_pisr.presets import from_preset

            loaded = from_preset(model)
    return loaded, path.name


def check_file(path):
    """Raise a `FileNotFoundError` for an absent file; it names similar files in the folder."""
    path = Path(path).expanduser()
    if not path.is_file():
        beside = sorted(other.name for other in path.parent.glob(f"*{path.suffix}"))[:5]
        hint = f" Its folder holds {', '.join(beside)}." if beside else ""
        raise FileNotFoundError(f"There is no file {path}.{hint}")


def kind_of(model):
    """The member of `KINDS` that an argument looks like; None if it looks like none of them."""
    from keras_pisr.presets import CATALOG

    if model == "bicubic":
        return "bicubic"
    if Path(model).suffix in (".keras", ".tflite"):
        return f"a {Path(model).suffix} file"
    is_preset = model in CATALOG or "://" in model or (model and Path(model).expanduser().is_dir())
    return "a preset" if is_preset else None


def has_channel_slopes(model):
    """Whether a student has PReLUs with one slope per channel. Keras is not imported.

    Args:
        model: A preset or `.keras` file.
    """
    from keras_pisr.presets.keras_file import read_config
    from keras_pisr.presets.preset_checks import read_files
    from keras_pisr.presets.sources import locate

    if kind_of(str(model)) == "a .keras file":
        waiting = [read_config(Path(model).expanduser())]
    else:
        waiting = [read_files(model, locate(model), max_bytes=2**28)[0]]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            if value.get("slope_per_channel") or value.get("shared_axes") == [1, 2]:
                return True
            waiting += value.values()
    return False


def super_resolution_model(model, *, accept=KINDS):
    """`resolve_model`, for commands that need a model from images to images.

    Raises:
        ValueError: Also if the model gives embeddings and logits, like a recognition student.
    """
    loaded, name = resolve_model(model, accept=accept)
    if isinstance(getattr(loaded, "output", None), dict):
        raise ValueError(
            f"{model} gives {', '.join(loaded.output)} and no image. Score it with its recipe, "
            "or compare it with its .tflite file with mobile/export.py."
        )
    return loaded, name
