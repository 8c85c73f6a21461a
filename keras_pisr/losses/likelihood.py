"""Negative log-likelihoods: the variational distillation of PISR."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def check_shapes(target, location):
    """Raise a `ValueError` if shapes differ: broadcasting would compare the wrong features."""
    if len(target.shape) < 2 or tuple(target.shape[1:]) != tuple(location.shape[1:]):
        raise ValueError(
            "`target` and `location` must have the same shape, (batch, ..., channels); got "
            f"{tuple(target.shape)} and {tuple(location.shape)}. Set the `channels` of "
            "`LocationScale` to the width of the teacher's feature."
        )


def sample_mean(values):
    """Mean over all but the first axis."""
    return ops.mean(values, axis=tuple(range(1, len(values.shape))))


def laplace_nll(target: Any, location: Any, scale: Any, *, floor: float = 1e-8) -> Any:
    """Negative log-likelihood of `target` under a Laplace distribution.

    `log(2 b) + |t - m| / b`, with `b = max(scale, floor)`, in float32.

    Args:
        target: Teacher features `t`, `(batch, height, width, channels)`.
        location: Predicted centre `m`, same shape.
        scale: Predicted spread `b > 0`, broadcastable to `target`.
        floor: Smallest spread, in feature units: keeps the division finite.

    Returns:
        Nats a feature, averaged over pixels and channels: `(batch,)`.

    Raises:
        ValueError: If `target` and `location` differ in shape.

    Example:
    >>> zeros = np.zeros((1, 1, 1, 1), "float32")
    >>> float(keras_pisr.losses.laplace_nll(zeros, zeros, zeros + 0.5)[0])
    0.0

    Reference:
        Lee et al. 2020, section 3.3, https://arxiv.org/abs/2007.07524. The authors' code
        adds a constant.
    """
    target, location, scale = (ops.cast(x, "float32") for x in (target, location, scale))
    check_shapes(target, location)
    scale = ops.maximum(scale, floor)
    return sample_mean(ops.log(2 * scale) + ops.abs(target - location) / scale)


def gaussian_nll(target: Any, location: Any, variance: Any, *, floor: float = 1e-8) -> Any:
    """Negative log-likelihood of `target` under a normal distribution, without its constant.

    `log(v) / 2 + (t - m)^2 / (2 v)`, with `v = max(variance, floor)`, in float32. The full
    likelihood adds `log(2 pi) / 2`.

    Args:
        target: Teacher features `t`, `(batch, height, width, channels)`.
        location: Predicted mean `m`, same shape.
        variance: Predicted variance `v > 0`, broadcastable to `target`.
        floor: Smallest variance, in squared feature units: keeps the division finite.

    Returns:
        Nats a feature, averaged over pixels and channels: `(batch,)`.

    Raises:
        ValueError: If `target` and `location` differ in shape.

    Reference:
        Ahn et al. 2019, "Variational Information Distillation for Knowledge Transfer",
        https://arxiv.org/abs/1904.05835, equation 4.
    """
    target, location, variance = (ops.cast(x, "float32") for x in (target, location, variance))
    check_shapes(target, location)
    variance = ops.maximum(variance, floor)
    return sample_mean(0.5 * ops.log(variance) + ops.square(target - location) / (2 * variance))


class LikelihoodLoss(keras.losses.Loss):
    """A loss whose prediction is a pair `(location, scale)`; see `LocationScale`.

    Subclasses name the function and `spread`, the factor on the softplus of the scale head.
    """

    def __init__(
        self,
        floor: float = 1e-8,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype="float32")
        self.floor = floor

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {**super().get_config(), "floor": self.floor}


@keras.saving.register_keras_serializable(package="keras_pisr")
class LaplaceNLL(LikelihoodLoss):
    """`laplace_nll` as a Keras loss; the prediction is `(location, scale)`.

    Args:
        floor: As in `laplace_nll`.
        reduction: As in `keras.losses.Loss`.
        name: Name of the loss in logs.

    Example:
    >>> loss = keras_pisr.losses.LaplaceNLL()
    >>> zeros = np.zeros((2, 4, 4, 3), "float32")
    >>> float(loss(zeros, (zeros, zeros + 0.5)))
    0.0
    """

    spread = 0.1

    def __init__(
        self,
        floor: float = 1e-8,
        reduction: str | None = "sum_over_batch_size",
        name: str = "laplace_nll",
    ) -> None:
        super().__init__(floor, reduction, name)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value per sample."""
        return laplace_nll(y_true, *y_pred, floor=self.floor)


@keras.saving.register_keras_serializable(package="keras_pisr")
class GaussianNLL(LikelihoodLoss):
    """`gaussian_nll` as a Keras loss; the prediction is `(location, variance)`.

    Args:
        floor: As in `gaussian_nll`.
        reduction: As in `keras.losses.Loss`.
        name: Name of the loss in logs.
    """

    spread = 0.001

    def __init__(
        self,
        floor: float = 1e-8,
        reduction: str | None = "sum_over_batch_size",
        name: str = "gaussian_nll",
    ) -> None:
        super().__init__(floor, reduction, name)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value per sample."""
        return gaussian_nll(y_true, *y_pred, floor=self.floor)
