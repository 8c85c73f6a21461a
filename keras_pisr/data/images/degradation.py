"""Makes a low-resolution image from a large one: blur, bicubic, noise, JPEG, in this order.

A `Degradation` draws new parameters for each image. A short text describes one:
`"blur:0.2-2+noise:0-10+jpeg:30-95@0.8"`.
"""

from __future__ import annotations

import dataclasses
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from keras_pisr.data.images.blur_noise_jpeg import add_noise, blur_radius, gaussian_blur, jpeg
from keras_pisr.data.images.resize import downscale

if TYPE_CHECKING:
    from collections.abc import Callable


# Smallest and largest parameter of each step, and the range that its bare name stands for. Blur is
# as in Gu et al. 2019, "Blind super-resolution with iterative kernel correction", section 4.1, at
# x2.
LIMITS = {"blur": (0.0, 20.0), "noise": (0.0, 100.0), "jpeg": (1, 100)}
DEFAULTS = {"blur": (0.2, 2.0), "noise": (0.0, 10.0), "jpeg": (30, 95)}
EXAMPLE = "blur:0.2-2+noise:0-10+jpeg:30-95@0.8"


class Step(NamedTuple):
    """Range from which a parameter is drawn uniformly, and the share of images that get it."""

    low: float
    high: float
    share: float = 1.0


@dataclasses.dataclass(frozen=True)
class Degradation:
    """Blur, bicubic, noise and JPEG, in this order, with parameters drawn anew for each image.

    Args:
        blur: `Step` or `(low, high)`: standard deviation in px of the *large* image, up to 20.
        noise: The same, in levels of 255 of the small image, up to 100.
        jpeg: The same, quality from 1 to 100 in whole numbers.
        border: See `resize`.

    Raises:
        ValueError: if a range does not lie within these limits.

    Example:
        >>> spoil = Degradation(jpeg=(40, 40))
        >>> hr = np.full((32, 32, 3), 100, "uint8")
        >>> spoil(hr, 2, np.random.default_rng(0)).shape
        (16, 16, 3)
    """

    blur: Step | None = None
    noise: Step | None = None
    jpeg: Step | None = None
    border: str = "replicate"

    def __post_init__(self):
        for name in LIMITS:
            if getattr(self, name) is not None:
                step = Step(*getattr(self, name))
                _check(name, step)
                object.__setattr__(self, name, step)

    def __call__(self, hr: np.ndarray, scale: int, rng: np.random.Generator) -> np.ndarray:
        """Make a low-resolution image.

        Args:
            hr: uint8 `(height * scale, width * scale, 1 or 3)`.
            scale: Whole number.
            rng: NumPy generator.

        Returns:
            uint8 `(height, width, 1 or 3)`.
        """
        return self.spoiled(self.shrunk(hr, scale, rng), rng)

    def shrunk(self, hr: np.ndarray, scale: int, rng: np.random.Generator) -> np.ndarray:
        """The first half: blurs and shrinks an image."""
        sigma = _drawn(self.blur, rng)
        hr = hr if sigma is None else gaussian_blur(hr, sigma)
        return downscale(hr, scale, border=self.border)

    def spoiled(self, lr: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The second half: adds noise and JPEG to a small image."""
        sigma = _drawn(self.noise, rng)
        lr = lr if sigma is None else add_noise(lr, sigma, rng)
        quality = _drawn(self.jpeg, rng, whole=True)
        return lr if quality is None else jpeg(lr, quality)

    def reach(self, scale: int) -> int:
        """Radius around a low-resolution pixel from which `shrunk` reads, in low-resolution px."""
        blurred = 0 if self.blur is None else math.ceil(blur_radius(self.blur.high) / scale)
        return blurred + 2

    def __str__(self):
        """The text that describes this degradation; see `degradation`."""
        steps = [(name, getattr(self, name)) for name in LIMITS]
        return "+".join(_name(name, step) for name, step in steps if step) or "bicubic"


def degradation(
    chosen: str | Callable[..., Any] | None, *, border: str = "replicate", lr_given: bool = False
) -> Callable[..., Any] | None:
    """The degradation that a value of `degrade=` stands for.

    Args:
        chosen: None; a function `(hr, scale, rng)` as `Degradation` is; or a text: steps joined by
            `+` in the order blur, bicubic, noise, jpeg (bicubic may be left out: it is always
            there), each perhaps with a range `:LOW-HIGH` or a value `:LOW`, and `@SHARE`, the share
            of images that get the step: `"jpeg"`, `"noise:5"`, `"blur:0.2-2+jpeg:30-95@0.8"`.
        border: See `resize`.
        lr_given: Whether the low-resolution images are files. If they are, only noise and JPEG are
            possible.

    Returns:
        A `Degradation`, the function, or None if only bicubic is left.

    Raises:
        ValueError: if the text is not of this form, or if it makes low-resolution images although
            they are given.
    """
    if chosen is None or isinstance(chosen, str):
        steps = {} if chosen is None else _steps(chosen)
        chosen = Degradation(**steps, border=border) if steps else None
    elif not callable(chosen):
        raise ValueError(
            "Expected degrade to be a function (hr, scale, rng) or a text such as "
            f"{EXAMPLE!r}; got {chosen!r}."
        )
    if lr_given and chosen is not None and from_large(chosen):
        raise ValueError(
            "Blur and functions make low-resolution images from the large ones: leave out those "
            "that you gave, or degrade with noise and jpeg only."
        )
    return chosen


def from_large(degrade):
    """Whether a degradation needs the large image and not only its bicubic LR image."""
    return not isinstance(degrade, Degradation) or degrade.blur is not None


def make_small(degrade, hr, scale, rng):
    """The result of `degrade(hr, scale, rng)`, checked, because it may be a user's function.

    Raises:
        ValueError: if the result is not a uint8 image of the size that follows from the scale.
    """
    lr = np.asarray(degrade(hr, scale, rng))
    wanted = (hr.shape[0] // scale, hr.shape[1] // scale, hr.shape[2])
    if lr.dtype != np.uint8 or lr.shape != wanted:
        raise ValueError(
            f"Expected degrade to make uint8 {wanted} of {hr.shape} at scale {scale}; got "
            f"{lr.dtype} {lr.shape}."
        )
    return lr


def _drawn(step, rng, whole=False):
    """A parameter, or None if the step is left out."""
    if step is None or (step.share < 1 and rng.random() >= step.share):
        return None
    if whole:
        return int(rng.integers(int(step.low), int(step.high), endpoint=True))
    return rng.uniform(step.low, step.high)


def _steps(text):
    steps, last = {}, -1
    order = ("blur", "bicubic", "noise", "jpeg")
    for part in text.split("+"):
        found = re.fullmatch(r"([a-z]+)(?::([\d.]+)(?:-([\d.]+))?)?(?:@([\d.]+))?", part.strip())
        name = found and found[1]
        if name not in order or order.index(name) <= last or (name == "bicubic" and part != name):
            raise ValueError(
                f"Expected degrade to be steps of {', '.join(order)}, in this order and each once, "
                f"such as {EXAMPLE!r}; got {text!r}."
            )
        last = order.index(name)
        if name != "bicubic":
            steps[name] = _step(name, found, text)
    return steps


def _step(name, found, text):
    low, high = DEFAULTS[name]
    try:
        if found[2]:
            low = float(found[2])
            high = float(found[3] or low)
        return Step(low, high, float(found[4] or 1))
    except ValueError as error:
        raise ValueError(
            f"Expected numbers in degrade, such as {EXAMPLE!r}; got {text!r}."
        ) from error


def _check(name, step):
    least, most = LIMITS[name]
    if not least <= step.low <= step.high <= most or not 0 < step.share <= 1:
        raise ValueError(
            f"Expected {name} to range within {least:g} to {most:g}, the smaller number first, and "
            f"its share within 0 to 1; got {_name(name, step)}."
        )


def _name(name, step):
    span = f"{step.low:g}" if step.low == step.high else f"{step.low:g}-{step.high:g}"
    return f"{name}:{span}" + (f"@{step.share:g}" if step.share < 1 else "")
