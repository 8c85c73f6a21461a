"""What the PISR recipes do where there is a GPU, tried without one."""

import keras
import numpy as np
import pytest

import keras_pisr as kp
from pisr import run as pisr
from tests.recipes.pisr import small

pytestmark = [pytest.mark.slow, pytest.mark.core]
only_jax = pytest.mark.skipif(keras.backend.backend() != "jax", reason="a path of JAX")


@pytest.fixture
def photographs(tmp_path, rng):
    folder = tmp_path / "photographs"
    for i in range(4):
        image = rng.integers(0, 256, (48, 40, 3), dtype=np.uint8)
        kp.data.write_image(folder / f"{i}.png", image)
    return folder


def settings(out, photographs, **changes):
    given = {"epochs": 1, "steps_per_epoch": 22, "validation_images": 1}
    given |= {"hr_dir": (photographs,), "pisr": False, "controls": ("one_stage",)}
    return small.settings(out, **given | changes)


@only_jax
def test_patches_cut_on_the_device_and_many_steps_at_once_give_the_same_student(
    tmp_path, photographs, monkeypatch
):
    pisr.run(settings(tmp_path / "host", photographs))
    fed = []

    class Watched(kp.data.DevicePatches):
        def _batch(self, index):
            fed.append(index)
            return super()._batch(index)

    monkeypatch.setattr(kp.data, "DevicePatches", Watched)
    monkeypatch.setattr(pisr, "jax_accelerator", lambda: True)
    pisr.run(settings(tmp_path / "device", photographs))
    assert len(fed) >= 22
    host, device = (
        kp.load_student(tmp_path / run / "one_stage.keras").get_weights()
        for run in ("host", "device")
    )
    for one, other in zip(host, device, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
