"""Recognition networks and batches small enough to train in a test."""

import keras
import numpy as np
from keras import layers

from keras_pisr.distillers import HybridOrderDistiller
from tests.distillers.small import fill

CLASSES = 3


def recognizer(width=4, *, size=None, name=None):
    """A convolution, batch normalisation, an embedding of `width` and logits."""
    inputs = keras.Input((size, size, 1))
    x = layers.Conv2D(5, 3, strides=2, padding="same", use_bias=False)(inputs)
    x = layers.BatchNormalization(momentum=0.5)(x)
    pooled = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    embedding = layers.Dense(width, name="projection")(pooled)
    logits = layers.Dense(CLASSES, name="logits")(embedding)
    return keras.Model(inputs, {"embedding": embedding, "logits": logits}, name=name)


def filled(seed, width=4, **kwargs):
    """A recognizer with weights that are the same on every backend, its statistics apart."""
    model = recognizer(width, **kwargs)
    statistics = {w.path: w.numpy() for w in model.non_trainable_weights if "variance" in w.path}
    fill(model, seed)
    for weight in model.non_trainable_weights:
        if weight.path in statistics:
            weight.assign(statistics[weight.path])
    return model


def batch(n=6, seed=0):
    """LR 6 px, HR 12 px: `(lr, {"hr": hr, "label": label})` in NumPy."""
    rng = np.random.default_rng(seed)
    lr, hr = rng.random((n, 6, 6, 1), "float32"), rng.random((n, 12, 12, 1), "float32")
    return lr, {"hr": hr, "label": np.arange(n, dtype="int32") % CLASSES}


ALL = {"logits": 0.5, "individual": 0.3, "distance": 2.0, "angle": 3.0}


def distiller(**kwargs):
    """A student of width 4 with a teacher of width 7."""
    options = {
        "student": filled(1, name="student"),
        "teacher": filled(2, 7, name="teacher"),
        "distillation_loss_weights": ALL,
    }
    made = HybridOrderDistiller(**{**options, **kwargs})
    for projector in made.projectors.values():
        fill(projector, 4)
    return made


def from_teacher():
    return distiller()


def first_step():
    return distiller(student_sees="hr")


def second_step():
    return distiller(teacher=None, assistant=filled(3, name="assistant"))


def both():
    return distiller(assistant=filled(3, name="assistant"), source="both")


def joint():
    return distiller(assistant=filled(3, name="assistant"), schedule="joint")


def joint_both():
    return distiller(assistant=filled(3, name="assistant"), schedule="joint", source="both")


VARIANTS = {
    "from_teacher": from_teacher,
    "first_step": first_step,
    "second_step": second_step,
    "both": both,
    "joint": joint,
    "joint_both": joint_both,
}


def crossentropy():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def compiled(made, optimizer=None, **kwargs):
    made.compile(optimizer or keras.optimizers.SGD(0.05), loss=crossentropy(), **kwargs)
    return made
