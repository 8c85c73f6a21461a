"""Networks and pairs small enough to train in a test."""

import numpy as np

from keras_pisr.distillers import Distiller, PrivilegedDistiller, PrivilegedTeacherTrainer
from keras_pisr.models import FSRCNN, PrivilegedTeacher


def small_fsrcnn(**kwargs):
    return FSRCNN(scale=2, **{"features": 6, "shrunk_features": 4, "mapping_layers": 1, **kwargs})


def small_teacher():
    return PrivilegedTeacher(small_fsrcnn())


def fill(model, seed):
    """Weights that are the same on every backend."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(rng.normal(0, 0.2, variable.shape))
    return model


def pairs(n=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((n, 6, 6, 1), "float32"), rng.random((n, 12, 12, 1), "float32")


def stage_1(**kwargs):
    return PrivilegedTeacherTrainer(fill(small_teacher(), 1), **kwargs)


def stage_2(**kwargs):
    teacher = fill(small_teacher(), 1)
    distiller = PrivilegedDistiller(
        teacher=teacher, student=small_fsrcnn(), **{"distillation_weight": 0.1, **kwargs}
    )
    if distiller.estimator is not None:
        fill(distiller.estimator, 2)
    return distiller


def alone():
    return Distiller(fill(small_fsrcnn(), 1), main_term="reconstruction")


STAGES = {"stage_1": stage_1, "stage_2": stage_2, "alone": alone}
