"""Relational losses as their formulas read: Python loops over float64, one sum at a time."""

import itertools
import math

import numpy as np


def huber(difference, delta=1.0):
    size = abs(difference)
    return 0.5 * size**2 if size <= delta else delta * (size - 0.5 * delta)


def naive_individual(target, prediction, delta=1.0):
    return np.array(
        [
            np.mean([huber(p - t, delta) for t, p in zip(*rows, strict=True)])
            for rows in zip(target, prediction, strict=True)
        ]
    )


def relative_distances(embeddings):
    table = [[math.dist(a, b) for b in embeddings] for a in embeddings]
    positive = [d for row in table for d in row if d > 0]
    mean = sum(positive) / len(positive) if positive else 1.0
    return [[d / mean for d in row] for row in table]


def naive_distance(target, prediction, delta=1.0):
    n = len(target)
    t, s = relative_distances(target), relative_distances(prediction)
    return np.array([sum(huber(s[i][j] - t[i][j], delta) for j in range(n)) / n for i in range(n)])


def cosine(embeddings, j, i, k):
    a, b = embeddings[j] - embeddings[i], embeddings[k] - embeddings[i]
    lengths = math.hypot(*a) * math.hypot(*b)
    return float(np.dot(a, b)) / lengths if lengths else 0.0


def naive_angle(target, prediction, delta=1.0):
    n = len(target)
    values = np.zeros(n)
    for i, j, k in itertools.product(range(n), repeat=3):
        values[i] += huber(cosine(prediction, j, i, k) - cosine(target, j, i, k), delta) / n**2
    return values


def naive_gradient(loss, target, prediction, weights, step=1e-5):
    """Central differences of `sum_i weights_i loss_i`: good to about 1e-9."""
    gradient = np.zeros_like(prediction)
    for index in np.ndindex(prediction.shape):
        sides = []
        for sign in (1, -1):
            moved = prediction.copy()
            moved[index] += sign * step
            sides.append(np.dot(weights, loss(target, moved)))
        gradient[index] = (sides[0] - sides[1]) / (2 * step)
    return gradient
