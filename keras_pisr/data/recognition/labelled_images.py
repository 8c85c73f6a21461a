"""Images of one size with a class each, held in memory as uint8."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keras_pisr.data.recognition import labelled_sources

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence


class LabelledImages:
    """Images, their labels and the names of the classes.

    Make a set from arrays by the constructor, or with `from_folder`, `from_tar`, `from_tfds` or
    `from_glyphs`; feed it to training with `recognition_pairs`.

    Args:
        images: uint8 `(samples, height, width, 1 or 3)`.
        labels: Class numbers from 0, `(samples,)`.
        class_names: A name for each class; "0", "1" and so on by default.

    Raises:
        ValueError: If the arrays are not of these shapes, or a label has no class.

    Example:
        >>> data = LabelledImages(np.zeros((4, 8, 8, 3), "uint8"), [0, 0, 1, 2])
        >>> seen, unseen = data.split_classes(2, 1)
        >>> len(seen), len(unseen), unseen.labels.tolist()
        (3, 1, [0])
    """

    def __init__(
        self, images: np.ndarray, labels: np.ndarray, class_names: Sequence[str] | None = None
    ) -> None:
        images, labels = np.asarray(images), np.asarray(labels, np.int64)
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
            raise ValueError(
                "Expected uint8 images (samples, height, width, 1 or 3); got "
                f"{images.dtype} {images.shape}."
            )
        if labels.shape != images.shape[:1] or not len(labels):
            raise ValueError(
                f"Expected one label per image, at least one; got {labels.shape} labels for "
                f"{len(images)} images."
            )
        if class_names is None:
            class_names = [str(label) for label in range(labels.max() + 1)]
        self.images, self.labels, self.class_names = images, labels, tuple(class_names)
        if labels.min() < 0 or labels.max() >= len(self.class_names):
            raise ValueError(
                f"Labels must be in 0 to {len(self.class_names) - 1}, one number per class name; "
                f"got {labels.min()} to {labels.max()}."
            )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)

    def take(self, chosen: np.ndarray) -> LabelledImages:
        """The samples at `chosen` (indices or a mask), with the same classes."""
        return type(self)(self.images[chosen], self.labels[chosen], self.class_names)

    def split_classes(self, *counts: int) -> list[LabelledImages]:
        """Split into sets that share no class. In each set, classes are numbered from 0.

        Args:
            *counts: Number of classes of each set, taken in order. Classes beyond their sum are
                left out.

        Returns:
            A list of `LabelledImages`.

        Raises:
            ValueError: If there are too few classes, or a set would be empty.
        """
        if sum(counts) > len(self.class_names) or min(counts) < 1:
            raise ValueError(
                f"Cannot split {len(self.class_names)} classes into {counts}: each set needs "
                "at least one class, and all sets together no more classes than there are."
            )
        parts, first = [], 0
        for count in counts:
            chosen = (self.labels >= first) & (self.labels < first + count)
            names = self.class_names[first : first + count]
            parts.append(type(self)(self.images[chosen], self.labels[chosen] - first, names))
            first += count
        return parts

    def hold_out(self, per_class: int, *, seed: int = 0) -> tuple[LabelledImages, LabelledImages]:
        """Split off some images of each class, for validation.

        Args:
            per_class: Images of each class to hold out; a class keeps one at least.
            seed: Makes the draw repeatable.

        Returns:
            `(rest, held)`, both `LabelledImages`.

        Raises:
            ValueError: If no class has an image to spare.
        """
        rng = np.random.default_rng(seed)
        held = np.zeros(len(self), bool)
        for label in range(len(self.class_names)):
            members = rng.permutation(np.flatnonzero(self.labels == label))
            held[members[: min(per_class, len(members) - 1)]] = True
        if not held.any():
            raise ValueError(
                f"Cannot hold out {per_class} images per class: no class has more than one image."
            )
        return self.take(~held), self.take(held)

    @classmethod
    def from_folder(
        cls,
        folder: str | os.PathLike[str],
        *,
        size: tuple[int, int] | None = None,
        channels: int = 3,
        classes: Sequence[str] | None = None,
    ) -> LabelledImages:
        """Read a folder that holds one folder of images per class.

        Args:
            folder: Path; each folder in it is a class.
            size: `(height, width)` of every image in px. Images of another size are cropped at the
                centre to this shape and resized. With None, all images must already have the same
                size.
            channels: 3 for RGB, 1 for gray; other images are converted.
            classes: Names of the classes to read, in the order of their numbers. By default
                all, sorted so that `s2` comes before `s10`.

        Raises:
            FileNotFoundError: If there is no such folder.
            ValueError: If a class has no image, or an image cannot be read.
        """
        files = labelled_sources.folder_files(folder)
        return cls(*labelled_sources.decode(files, size, channels, classes, str(folder)))

    @classmethod
    def from_tar(
        cls,
        path: str | os.PathLike[str],
        *,
        folder: str | None = None,
        size: tuple[int, int] | None = None,
        channels: int = 3,
        classes: Sequence[str] | None = None,
    ) -> LabelledImages:
        """Read a tar archive of such folders, compressed or not, without unpacking it.

        The class of an image is the name of its folder.

        Args:
            path: Path of the archive.
            folder: Read only images whose path has this name above the class folder, such as
                `"train"` in `set/train/class/image.jpg`.
            size: As in `from_folder`.
            channels: As in `from_folder`.
            classes: As in `from_folder`.

        Raises:
            FileNotFoundError: If there is no such archive.
            ValueError: As `from_folder`; or if the archive is too large.
        """
        files = labelled_sources.tar_files(path, folder)
        return cls(*labelled_sources.decode(files, size, channels, classes, str(path)))

    @classmethod
    def from_tfds(
        cls,
        name: str,
        *,
        split: str = "train",
        size: tuple[int, int] | None = None,
        channels: int = 3,
        data_dir: str | os.PathLike[str] | None = None,
    ) -> LabelledImages:
        """Read a TensorFlow Datasets set with `image` and `label`.

        Examples are `cifar100`, `caltech_birds2011`, `cars196` and `lfw`.

        Args:
            name: Name of the data set.
            split: Part of the set, in the notation of tfds: `"train"`, `"train[:10%]"`.
            size: As in `from_folder`.
            channels: As in `from_folder`.
            data_dir: Folder in which tfds keeps its files.

        Raises:
            ImportError: If tensorflow-datasets is not installed.
            ValueError: If the set has no image or label.
        """
        return cls(*labelled_sources.read_tfds(name, split, size, channels, data_dir))

    @classmethod
    def from_glyphs(
        cls,
        *,
        size: tuple[int, int] = (32, 32),
        styles: int | None = None,
        classes: int | None = None,
    ) -> LabelledImages:
        """Render letters, digits and signs from the fonts that come with Matplotlib.

        Args:
            size: `(height, width)` in px.
            styles: Number of fonts to use; None for all.
            classes: Number of characters to use, in order; None for all.

        Raises:
            ImportError: If Matplotlib is not installed.
        """
        from keras_pisr.data.synthetic.glyphs import render_glyphs

        return cls(*render_glyphs(size=size, styles=styles, classes=classes))
