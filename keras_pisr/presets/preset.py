"""Writes models to preset folders and reads them, in Keras Hub's file layout."""

from __future__ import annotations

import copy
import datetime
import json
import os
import tempfile
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_pisr.presets.configuration import check_classes
from keras_pisr.presets.preset_checks import check_model_class, checksum, read_files
from keras_pisr.presets.sources import CONFIG, METADATA, WEIGHTS, locate
from keras_pisr.presets.weight_file import check_numbers, check_weights

if TYPE_CHECKING:
    import keras


def from_preset(
    preset: str | os.PathLike[str],
    *,
    load_weights: bool = True,
    dtype: Any = None,
    max_bytes: int = 256 * 2**20,
) -> keras.Model:
    """Load a trained model.

    Nothing in a preset is executed: its files are checked against their checksums, its
    configuration may name only models of this package and layers of Keras that neither run code
    nor read files, and its weights must fit.

    Args:
        preset: Name of a preset of the package (`keras_pisr.presets.CATALOG`), path of a folder
            that `save_to_preset` wrote, `"hf://USER/NAME"` (optionally `@REVISION`; needs
            `huggingface_hub`) or `"kaggle://USER/MODEL/FRAMEWORK/VARIATION"` (needs `kagglehub`).
        load_weights: False gives the same network with random weights, to train it from scratch.
        dtype: Dtype policy of the layers, e.g. `"mixed_float16"`; by default Keras' global one.
            Layers that need float32, such as the last one, keep it.
        max_bytes: Largest total size of the files, in bytes; a student takes kilobytes.

    Returns:
        `keras.Model`, not compiled.

    Raises:
        ValueError: If there is no such preset, or one of the checks fails.
        ImportError: If the hub's library is not installed.

    Example:
        >>> model = keras_pisr.from_preset("fsrcnn_x2")  # doctest: +SKIP
        >>> keras_pisr.upscale(model, "photo.jpg").shape  # doctest: +SKIP
        (2160, 3840, 3)
    """
    source = locate(preset)
    config, weights = read_files(preset, source, max_bytes)

    import keras

    # Keras would compile the model with the loss and the optimizer of the preset's author.
    config.pop("compile_config", None)
    check_model_class(preset, config)
    check_classes(f"{CONFIG} of the preset {preset}", config)
    policy = dtype_policy(dtype)
    try:
        numbers = check_weights(weights, max_bytes)
    except ValueError as error:
        raise ValueError(f"{WEIGHTS} of the preset {preset} is refused: {error}.") from error
    try:
        with policy:
            model = keras.saving.deserialize_keras_object(config, safe_mode=True)
        if load_weights:
            with tempfile.TemporaryDirectory() as folder:
                # The bytes that were checked are loaded, even if the file has changed since.
                path = Path(folder) / WEIGHTS
                path.write_bytes(weights)
                model.load_weights(path)
        check_numbers(numbers, model)
    except MemoryError:
        raise
    except Exception as error:
        # Keras raises many types of errors for weights that do not fit.
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        raise ValueError(
            f"The weights and the configuration of the preset {preset} do not fit each other or "
            f"this version of keras_pisr: {reason}."
        ) from error
    return model


def dtype_policy(dtype):
    """A context with another global dtype policy of Keras; None does not change it.

    Raises:
        ValueError: If there is no such policy.
    """
    import keras

    if dtype is None:
        return nullcontext()
    try:
        chosen = keras.dtype_policies.get(dtype)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f'Expected dtype to be a policy such as "float32" or "mixed_float16"; got {dtype!r}.'
        ) from error

    @contextmanager
    def context():
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(chosen)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)

    return context()


def save_to_preset(
    model: keras.Model,
    folder: str | os.PathLike[str],
    *,
    card: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a model as a preset folder.

    Args:
        model: A model of this package.
        folder: Folder of the preset; it is made if it is missing.
        card: Text of a model card, which is written to `README.md`; see `model_card`.
        overwrite: Whether to replace an existing preset.

    Raises:
        ValueError: If the model's class is not in this package, or the folder already holds a
            preset.

    Example:
        >>> keras_pisr.presets.save_to_preset(student, "fsrcnn_x2_mine")  # doctest: +SKIP
    """
    import keras

    import keras_pisr

    folder = Path(folder).expanduser()
    config = keras.saving.serialize_keras_object(model)
    config.pop("compile_config", None)
    check_model_class(folder, config)
    check_classes(f"{CONFIG} of {folder}", config)
    if (folder / METADATA).exists() and not overwrite:
        raise ValueError(
            f"{folder} already holds a preset. Choose another folder, or pass overwrite=True."
        )
    # A compiled model would also save the state of its metrics. The configuration is copied,
    # because Keras empties that of a nested model while it reads it.
    plain = keras.saving.deserialize_keras_object(copy.deepcopy(config), safe_mode=True)
    plain.set_weights(model.get_weights())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".preset-") as made:
        temporary = Path(made)
        _write_json(temporary / CONFIG, config)
        plain.save_weights(temporary / WEIGHTS)
        metadata = {
            "keras_version": keras.__version__,
            "keras_pisr_version": keras_pisr.__version__,
            "parameter_count": model.count_params(),
            "date_saved": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d@%H:%M:%S"),
            "sha256": {n: checksum((temporary / n).read_bytes()) for n in (CONFIG, WEIGHTS)},
        }
        _write_json(temporary / METADATA, metadata)
        names = [WEIGHTS, CONFIG, METADATA]
        if card is not None:
            (temporary / "README.md").write_text(card, encoding="utf-8")
            names.insert(0, "README.md")
        # The checksums come last, so that a mixture that is left by a crash does not load.
        for name in names:
            os.replace(temporary / name, folder / name)


def _write_json(path, content):
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
