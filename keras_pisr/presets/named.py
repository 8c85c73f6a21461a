"""The model that a name or path stands for, in functions that take a model."""

from pathlib import Path

from keras_pisr.presets.keras_file import load_student
from keras_pisr.presets.preset import from_preset


def named_model(name):
    """Load the preset or `.keras` file that `name` stands for.

    Args:
        name: Name, folder or address of a preset, or the path of a `.keras` file.

    Raises:
        ValueError: If there is no such preset, or it is a `.tflite` file.
        FileNotFoundError: If there is no such file.
    """
    suffix = Path(name).suffix
    if suffix == ".tflite":
        raise ValueError(f"Open {name} with keras_pisr.mobile.TFLiteModel, and pass that.")
    return load_student(name) if suffix == ".keras" else from_preset(name)
