"""A small recognition student, its files and its images, and a stand-in for a phone."""

import tarfile

import keras
import numpy as np
import pytest
from PIL import Image

import keras_pisr as kp
from keras_pisr.data import LabelledImages, resize
from tests.mobile.latency.phone import Phone

pytest.importorskip("ai_edge_litert", reason="running .tflite files takes ai-edge-litert")

# Of the recognition student: letters it knows, and the size in px it takes.
CLASSES = 6
SIZE = (8, 8)


def glyphs():
    """Few letters in 16x16 px: `(training, scored)`."""
    return LabelledImages.from_glyphs(size=(16, 16), classes=CLASSES).hold_out(8)


@pytest.fixture(scope="session")
def recognizer(tensorflow_backend):
    """A small ResNet that enlarges 8x8 px, trained on few letters until it tells them apart."""
    keras.utils.set_random_seed(0)
    model = kp.models.ResNet(
        CLASSES, blocks=(1, 1), widths=(8, 16), upsampling=2, channels=1, name="letters_student"
    )
    data = glyphs()[0]
    inputs = resize(data.images, SIZE) / np.float32(255)
    model.compile(
        keras.optimizers.Adam(1e-2),
        loss={"logits": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
    )
    model.fit(inputs, {"logits": data.labels}, epochs=24, batch_size=28, verbose=0)
    return model


@pytest.fixture(scope="session")
def recognizer_file(recognizer, tmp_path_factory):
    """Its float32 file."""
    path = tmp_path_factory.mktemp("recognizer") / "recognizer.tflite"
    kp.mobile.recognizer_to_tflite(recognizer, path, size=SIZE)
    return path


@pytest.fixture(scope="session")
def letter_images(tmp_path_factory):
    """The letters as `images/train/CLASS/*.png` and `images/val`, and in `images.tar`."""
    folder = tmp_path_factory.mktemp("letters")
    for part, data in zip(("train", "val"), glyphs(), strict=True):
        for i, (image, label) in enumerate(zip(data.images, data.labels, strict=True)):
            path = folder / "images" / part / f"class_{label}" / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[..., 0]).save(path)
    with tarfile.open(folder / "images.tar", "w") as archive:
        archive.add(folder / "images", "images")
    return folder


@pytest.fixture(scope="session")
def running_phone(tmp_path_factory):
    """A stand-in for a phone, see `tests/mobile/latency/phone.py`; skips where there is none."""
    phone = Phone(tmp_path_factory.mktemp("phone"))
    phone.start()
    yield phone
    phone.stop()


@pytest.fixture
def phone(running_phone, monkeypatch):
    """The same, found by this process's adb, and checked to be clean afterwards."""
    for name, value in running_phone.environment.items():
        monkeypatch.setenv(name, value)
    yield running_phone
    left = running_phone.left()
    # One test that fails shall not make the next ones fail.
    running_phone.clear()
    assert left == []
