"""Models are what they are where `keras.json` asks for channels first."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.core
CODE = """
import keras
import numpy as np
import keras_pisr as kp

assert keras.config.image_data_format() == "channels_first"
image = np.random.default_rng(0).random((9, 8), "float32")
for network in (kp.models.FSRCNN(2), kp.models.ResidualFSRCNN(3)):
    kp.models.start_as_bicubic(network)
    print(*kp.upscale(network, image).shape, round(float(kp.upscale(network, image).mean()), 4))
teacher = kp.models.PrivilegedTeacher(kp.models.FSRCNN(2))
print(*teacher.predict_on_batch(image[None, :8, :, None]).shape)
print(round(float(kp.upscale("fsrcnn_x2", image).mean()), 4))
"""


def test_channels_first_in_keras_json_changes_nothing(tmp_path):
    told = []
    for form in ("channels_last", "channels_first"):
        (tmp_path / "keras.json").write_text(f'{{"image_data_format": "{form}"}}')
        environment = {**os.environ, "KERAS_HOME": str(tmp_path)}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        code = CODE.replace('== "channels_first"', f'== "{form}"')
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)
    assert told[0] == told[1] and told[0].startswith("18 16 ")
