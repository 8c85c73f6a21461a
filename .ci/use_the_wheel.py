"""What a user of the installed wheel does first; run outside the checkout."""

import subprocess
import sys
from pathlib import Path

import numpy as np

import keras_pisr as kp

installed = Path(kp.__file__).resolve()
assert Path(sys.prefix).resolve() in installed.parents, f"{installed} is not the installed wheel"

model = kp.models.FSRCNN(scale=2)
assert model.count_params() == 12_644
assert tuple(model(np.zeros((1, 8, 8, 1), "float32")).shape) == (1, 16, 16, 1)
for name in kp.__all__:
    getattr(kp, name)
command = Path(sys.executable).with_name("keras-pisr")
print(subprocess.run([command, "--version"], check=True, capture_output=True, text=True).stdout)
