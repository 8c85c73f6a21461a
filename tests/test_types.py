"""A type checker sees the public names and their types."""

import importlib
import inspect
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import keras_pisr

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    {path.parent.name for path in ROOT.glob("keras_pisr/*/__init__.pyi")} | {"optimizers"}
)
RIGHT = """
from pathlib import Path

import numpy as np

import keras_pisr as kp

image: np.ndarray = kp.upscale("plain_sr_x2_small", Path("photo.jpg"))
pairs = kp.data.ImagePairs.from_folder(["a", Path("b")], scale=2, degrade="jpeg:40")
feed = kp.data.PatchSequence(pairs.split(-10)[0], batch_size=8)
student = kp.models.FSRCNN(scale=2)
kp.distillers.PrivilegedDistiller(teacher=kp.models.PrivilegedTeacher(student), student=student)
decibels: float = kp.evaluate("bicubic", "Set5", scale=2).psnr
kp.mobile.to_tflite(student, "student.tflite", precision="float16", size=(128, 128))
"""
WRONG = """
import keras_pisr as kp

kp.upscale("plain_sr_x2_small")
kp.upscale("plain_sr_x2_small", 3)
kp.data.ImagePairs.from_folder("photos")
kp.data.paired_folder("photos", scale="2")
kp.models.FSRCNN(scale="2")
kp.evaluate("bicubic", "Set5", scale=2).pnsr
kp.mobile.to_tflite(None, 3)
kp.losses.LaplaceNL()
"""


def test_the_package_says_that_it_is_typed():
    assert files("keras_pisr").joinpath("py.typed").is_file()


@pytest.mark.parametrize("module", MODULES)
def test_public_functions_and_constructors_say_their_types(module):
    module = importlib.import_module(f"keras_pisr.{module}")
    for name in module.__all__:
        public = getattr(module, name)
        function = vars(public).get("__init__") if inspect.isclass(public) else public
        if inspect.isfunction(function):
            signature = inspect.signature(function)
            parameters = [p for p in signature.parameters.values() if p.name != "self"]
            bare = [p.name for p in parameters if p.annotation is p.empty]
            assert not bare and signature.return_annotation is not signature.empty, (name, bare)


def test_a_checker_passes_right_calls_and_fails_wrong_ones(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(WRONG)
    # The cache of the check of the package itself saves most of the time.
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")]
    command += ["--cache-dir", str(ROOT / ".mypy_cache"), "right.py", "wrong.py"]
    environment = os.environ | {"MYPYPATH": str(Path(keras_pisr.__file__).parents[1])}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    found = set(re.findall(r"^(\w+\.py):(\d+): error", done.stdout, re.MULTILINE))
    lines = [i for i, line in enumerate(WRONG.splitlines(), 1) if line.startswith("kp.")]
    assert found == {("wrong.py", str(i)) for i in lines}, done.stdout + done.stderr
