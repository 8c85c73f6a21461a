"""Photographs that need no download: they ship inside scikit-image."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from keras_pisr.data.images.files import read_image

if TYPE_CHECKING:
    import numpy as np


_SPLITS = {
    "train": (
        "astronaut.png",
        "brick.png",
        "grass.png",
        "gravel.png",
        "hubble_deep_field.jpg",
        "ihc.png",
        "retina.jpg",
        "text.png",
    ),
    "validation": ("coins.png", "rocket.jpg"),
    "test": ("camera.png", "chelsea.png", "coffee.png"),
}


def sample_images(split: str = "train") -> dict[str, np.ndarray]:
    """Photographs of one of three splits that share no image.

    They are enough to see that everything runs and that training helps, but not to train a network
    for use. Their licences, as scikit-image states them:

    - train: `astronaut` (NASA, public domain), `brick`, `grass`, `gravel` (CC0),
      `hubble_deep_field` (NASA, public domain), `ihc` (no known copyright restrictions),
      `retina` (CC0), `text` (public domain);
    - validation: `coins` (Brooklyn Museum, no known copyright restrictions), `rocket` (SpaceX,
      public domain);
    - test: `camera`, `chelsea`, `coffee` (CC0).

    Args:
        split: `"train"` (8 images), `"validation"` (2) or `"test"` (3).

    Returns:
        Dict of name to uint8 `(height, width, 1 or 3)`; `brick`, `camera`, `coins`, `grass`,
        `gravel` and `text` are gray.

    Raises:
        ImportError: if scikit-image is not installed, or its images are missing.
        ValueError: if the split is none of these.

    Example:
        >>> sample_images("test")["coffee"].shape
        (400, 600, 3)
    """
    if split not in _SPLITS:
        raise ValueError(f"Expected split to be one of {tuple(_SPLITS)}; got {split!r}.")
    # The package is found, not imported: only its files are needed, and the import takes a second.
    spec = find_spec("skimage")
    folder = Path(spec.origin).parent / "data" if spec and spec.origin else None
    paths = [folder / name for name in _SPLITS[split]] if folder else []
    missing = [path.name for path in paths if not path.is_file()]
    if not paths or missing:
        raise ImportError(
            "The sample photographs ship with scikit-image, which "
            + (f"lacks {', '.join(missing)} here" if missing else "is not installed")
            + ". Run: pip install 'keras-pisr[recipes]'"
        )
    return {path.stem: read_image(path) for path in paths}
