"""A preset and both stages of PISR from an installed wheel, on a machine without TensorFlow."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np

import keras_pisr as kp

installed = Path(kp.__file__).resolve()
assert Path(sys.prefix).resolve() in installed.parents, f"{installed} is not the installed wheel"
assert importlib.util.find_spec("tensorflow") is None, "TensorFlow is installed here"
for name in kp.__all__:
    getattr(kp, name)

images = [np.random.default_rng(i).integers(0, 256, (16, 16, 3), "uint8") for i in range(4)]
pairs = kp.data.ImagePairs.from_images(images, scale=2)
data = kp.data.PatchSequence(pairs, patch=8, batch_size=2, steps_per_epoch=2)
teacher = kp.models.PrivilegedTeacher(kp.models.FSRCNN(scale=2))
student = kp.models.FSRCNN(scale=2)
for make in (
    lambda: kp.distillers.PrivilegedTeacherTrainer(teacher),
    lambda: kp.distillers.PrivilegedDistiller(teacher=teacher, student=student),
):
    stage = make()
    stage.compile("adam", loss="mae", metrics=[kp.metrics.PSNR(shave=2)])
    stage.fit(data, epochs=1, shuffle=False, verbose=0)
student.save("student.keras")
for i, image in enumerate(images):
    kp.data.write_image(Path("photos") / f"{i}.png", image)
command = Path(sys.executable).with_name("keras-pisr")
subprocess.run([command, "evaluate", "student.keras", "photos", "--scale", "2"], check=True)

assert kp.upscale(kp.from_preset("fsrcnn_x2"), "photos/0.png").shape == (32, 32, 3)
subprocess.run([command, "upscale", "photos", "-o", "large", "--preset", "fsrcnn_x2"], check=True)
assert kp.data.read_image(Path("large") / "3.png").shape == (32, 32, 3)
