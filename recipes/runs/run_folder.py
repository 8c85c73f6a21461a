"""The output folder of a recipe, which one run uses and may continue, with a summary in JSON."""

import dataclasses
import importlib.metadata
import json
import os
import platform
from pathlib import Path

import keras

from keras_pisr.atomic import atomic_path

# Settings that do not change weights, so a run may be continued with other values.
FREE_TO_CHANGE = {"resume", "out", "test_dirs", "controls", "methods", "seeds", "tensorboard"}
REPAIR = "Put back the file as the run wrote it, or start a new run in another folder with --out."
PACKAGES = ["keras-pisr", "keras", "tensorflow", "jax", "torch", "numpy", "pillow"]


class RunFolder:
    """The folder to which a run writes.

    Args:
        path: The folder; it is made if it is missing.
        settings: Dataclass of the run, with a default for each field; it is written to
            `settings.json`.
        resume: Whether the folder may hold a run to continue.
        writes: Whether this process writes. Only one of several workers does; the others read the
            same folder if a run is continued.

    Attributes:
        environment: Versions and hardware at the start of the run. `resumed_on` lists those of
            other machines on which the run was continued or only scored.

    Raises:
        ValueError: If the folder holds a run and `resume` is off, if that run has other settings,
            or if a file of it cannot be read.
    """

    def __init__(self, path, settings, *, resume, writes=True):
        self.path = Path(path)
        self.writes = writes
        self.settings = plain(dataclasses.asdict(settings))
        before = self.path / "settings.json"
        if writes and before.exists():
            # A run of an earlier release lacks settings that did not exist then; they had their
            # defaults.
            defaults = plain(dataclasses.asdict(type(settings)()))
            self.check(defaults | read_object(before), resume)
        self.write_json("settings.json", self.settings)
        record, here = self.path / "environment.json", environment()
        began = read_object(record) if record.exists() else here
        others = began.pop("resumed_on", [])
        if not isinstance(others, list):
            raise ValueError(
                f"{record} does not have a list of machines under resumed_on. {REPAIR}"
            )
        if here not in (began, *others):
            others.append(here)
        self.environment = began | ({"resumed_on": others} if others else {})
        self.write_json("environment.json", self.environment)

    def check(self, before, resume):
        """Raise a `ValueError` if two runs would be mixed."""
        if not resume:
            raise ValueError(
                f"{self.path} already holds a run. Continue it with --resume, or choose "
                "another folder with --out."
            )
        changed = [
            name
            for name in sorted(set(self.settings) - FREE_TO_CHANGE)
            if before[name] != self.settings[name]
        ]
        if changed:
            differences = "; ".join(
                f"{name} was {before[name]}, now {self.settings[name]}" for name in changed
            )
            raise ValueError(
                f"The run in {self.path} has other settings ({differences}). Resume it with the "
                "original settings, or choose another folder with --out."
            )

    def __truediv__(self, name):
        return self.path / name

    def write_json(self, name, content):
        """Write a JSON file, whole or not at all."""
        if not self.writes:
            return
        with atomic_path(self.path / name) as temporary:
            temporary.write_text(json.dumps(plain(content), indent=1, allow_nan=False) + "\n")

    def save_model(self, name, model):
        """Write `NAME.keras`, whole or not at all."""
        if not self.writes:
            return
        with atomic_path(self.path / f"{name}.keras") as temporary:
            model.save(temporary)


def read_object(path):
    """The JSON object in a file of a run.

    Raises:
        ValueError: If the file holds something else; the error names it.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}. {REPAIR}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} holds a {type(value).__name__}, not a JSON object. {REPAIR}")
    return value


def check_resumable(path):
    """Raise a `ValueError` if there is no run to continue.

    Raises:
        ValueError: If there is no run in the folder.
    """
    if not (Path(path) / "settings.json").is_file():
        raise ValueError(
            f"--resume: there is no run in {path} to continue. Start one without --resume, or name "
            "its folder with --out."
        )


def plain(value):
    """The same content in types that JSON has."""
    return json.loads(json.dumps(value, default=str))


def environment():
    """Versions, backend and hardware of this process."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "versions": versions,
        "python": platform.python_version(),
        "backend": keras.backend.backend(),
        "devices": [str(device) for device in keras.distribution.list_devices()]
        if keras.backend.backend() != "torch"
        else [torch_device()],
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
    }


def torch_device():
    """The device that PyTorch would use."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
