"""Streamed pairs of a few small files, in small batches."""

import numpy as np

from keras_pisr.data import (
    StreamedPairs,
)

OPTIONS = {"patch": 8, "batch_size": 5, "steps_per_epoch": 3, "seed": 7}
FEW = {"patches_per_image": 2, "mixed_images": 3, "workers": 2}


def streamed(folder, **options):
    return StreamedPairs(folder, scale=2, **FEW | options)


def tables(sampler, epochs=4):
    steps = [(e, s) for e in range(epochs) for s in range(sampler.steps_per_epoch)]
    return np.concatenate([sampler.draw(*step) for step in steps])


def assert_equal(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
