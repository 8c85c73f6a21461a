"""Pairs of low and high resolution images, held in memory as uint8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keras_pisr.data.images.degradation import degradation
from keras_pisr.data.images.resize import check_scale
from keras_pisr.data.pairs import pair_sources
from keras_pisr.data.pairs.patches import PatchSampler
from keras_pisr.data.pairs.resized_images import resized_images
from keras_pisr.data.synthetic.samples import sample_images

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import ArrayLike


class ImagePairs:
    """Images and their low-resolution twins in two flat uint8 buffers.

    Image `i` starts at pixel `offsets[i]` of `lr` and at pixel `offsets[i] * scale**2` of `hr`,
    row after row, so a patch is found by arithmetic alone. The low-resolution image is made from
    the *whole* image, so a patch of it equals a crop of the published file. Patches are cut from
    the same place of both by `tf_patches`, `PatchSequence` and `DevicePatches`.

    Gray images are stored with three equal channels and marked in `gray`: their luma is the file's
    own value divided by 255, not remapped to the studio range, as the evaluation protocol reads
    gray files.

    Make a set with `from_folder`, `from_images`, `from_samples` or `from_tfds`. `split`, `join` and
    `resized` make other sets from it.

    Args:
        lr: uint8 `(lr_pixels, 3)`.
        hr: uint8 `(lr_pixels * scale**2, 3)`.
        heights: Heights of the low-resolution images in px, `(images,)`.
        widths: Widths of the low-resolution images in px, `(images,)`.
        scale: Upscaling factor: a whole number, 2 or more.
        gray: Which images were gray, `(images,)` of bool; none by default.
        names: Names of the images in messages.
        degrade: Degradation of low-resolution patches, drawn anew in every epoch; see `degraded`.

    Raises:
        ValueError: if the scale is not such a number, the buffers do not match heights, widths and
            scale, or `degrade` is not a degradation.
    """

    def __init__(
        self,
        lr: np.ndarray,
        hr: np.ndarray,
        heights: ArrayLike,
        widths: ArrayLike,
        *,
        scale: int,
        gray: ArrayLike | None = None,
        names: Sequence[str] | None = None,
        degrade: str | Callable[..., Any] | None = None,
    ) -> None:
        self.lr, self.hr, self.scale = lr, hr, check_scale(scale, least=2)
        self.heights = np.asarray(heights, np.int64)
        self.widths = np.asarray(widths, np.int64)
        ends = np.cumsum(self.heights * self.widths)
        self.offsets = ends - self.heights * self.widths
        self.gray = np.zeros(len(ends), bool) if gray is None else np.asarray(gray, bool)
        self.names = tuple(names) if names else tuple(f"image {i}" for i in range(len(ends)))
        self.degrade = degradation(degrade)
        pixels, scale = int(ends[-1]) if len(ends) else 0, self.scale
        if lr.shape != (pixels, 3) or hr.shape != (pixels * scale**2, 3):
            raise ValueError(
                f"Expected buffers ({pixels}, 3) and ({pixels * scale**2}, 3); got {lr.shape} and "
                f"{hr.shape}."
            )

    @classmethod
    def from_folder(
        cls,
        hr_dir: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        scale: int,
        lr_dir: str | os.PathLike[str] | None = None,
        border: str = "replicate",
        degrade: str | Callable[..., Any] | None = None,
        workers: int = 4,
        progress: bool = True,
    ) -> ImagePairs:
        """Read a folder of images, and make or read their low-resolution twins.

        Sides that are no multiple of `scale` are cropped (bottom, right). Every file that cannot
        be used is named in one error, before any training starts.

        Args:
            hr_dir: Folder of images, see `read_image`, or several of them in a list.
            scale: Whole number, 2 or more.
            lr_dir: Folder with a low-resolution file for each image, named `NAMEx2.png` (with the
                scale) or as the original. No name may occur twice among the images or among their
                low-resolution files. By default `downscale` makes the low-resolution images.
            border: See `resize`; used only without `lr_dir`.
            degrade: See `degraded`; with `lr_dir`, only noise and JPEG are possible.
            workers: Number of threads that read the files.
            progress: Show a bar with the time left, if the error stream is a terminal.

        Raises:
            FileNotFoundError: if a folder is missing.
            ValueError: if the scale is not such a number, a folder or the list is empty, a file
                is damaged or smaller than `scale` px, an image has no low-resolution file or
                shares its name, or the two do not match in size or colour.
        """
        degrade = degradation(degrade, border=border, lr_given=lr_dir is not None)
        buffers = pair_sources.read_folder(
            hr_dir, scale=scale, lr_dir=lr_dir, border=border, workers=workers, progress=progress
        )
        return cls(**buffers, degrade=degrade)

    @classmethod
    def from_images(
        cls,
        images: Iterable[np.ndarray],
        *,
        scale: int,
        lr: Iterable[np.ndarray] | None = None,
        names: Sequence[str] | None = None,
        border: str = "replicate",
        degrade: str | Callable[..., Any] | None = None,
    ) -> ImagePairs:
        """Take images that are already in memory.

        Args:
            images: Iterable of uint8 `(height, width)` or `(height, width, 1 or 3)`.
            scale: Whole number, 2 or more.
            lr: Their low-resolution images, in the same order; made by `downscale` by default.
            names: Names of the images in messages.
            border: See `resize`; used only without `lr`.
            degrade: See `degraded`; with `lr`, only noise and JPEG are possible.

        Raises:
            ValueError: as `from_folder`.

        Example:
            >>> pairs = ImagePairs.from_images([np.zeros((9, 8, 3), "uint8")], scale=2)
            >>> [image.shape for image in pairs.image(0)]
            [(4, 4, 3), (8, 8, 3)]
        """
        degrade = degradation(degrade, border=border, lr_given=lr is not None)
        buffers = pair_sources.pack_images(images, scale=scale, lr=lr, names=names, border=border)
        return cls(**buffers, degrade=degrade)

    @classmethod
    def from_samples(cls, split: str = "train", *, scale: int) -> ImagePairs:
        """Take the photographs that need no download; see `sample_images`.

        Args:
            split: `"train"`, `"validation"` or `"test"`.
            scale: Whole number, 2 or more.
        """
        images = sample_images(split)
        return cls.from_images(images.values(), scale=scale, names=list(images))

    @classmethod
    def from_tfds(
        cls,
        name: str,
        *,
        split: str = "train",
        scale: int,
        data_dir: str | os.PathLike[str] | None = None,
    ) -> ImagePairs:
        """Read a TensorFlow Datasets set with `"lr"` and `"hr"` images, such as DIV2K.

        The set is downloaded on first use. DIV2K's own low-resolution images were made by a tool
        that mirrors the border; `from_folder(..., border="mirror")` makes the same images.

        Args:
            name: Name of the set, e.g. `"div2k/bicubic_x2"`.
            split: Part of the set, e.g. `"train"` or `"train[:100]"`.
            scale: Upscaling factor of the set: a whole number, 2 or more.
            data_dir: Folder in which TensorFlow Datasets keeps its files.

        Raises:
            ImportError: if tensorflow-datasets is missing.
            ValueError: if the split is empty, or the images are not pairs of this scale.
        """
        examples = pair_sources.read_tfds(name, split=split, data_dir=data_dir)
        return cls(**pair_sources.pack_stream(examples, scale=scale))

    def __len__(self) -> int:
        return len(self.heights)

    def __repr__(self):
        size = (self.lr.nbytes + self.hr.nbytes) / 2**20
        degrade = f", degrade={str(self.degrade)!r}" if self.degrade else ""
        return f"ImagePairs({len(self)} images, scale={self.scale}{degrade}, {size:.0f} MiB)"

    def image(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """`(lr, hr)` of one image: views, uint8 `(height, width, 1 or 3)`."""
        height, width, scale = self.heights[index], self.widths[index], self.scale
        start, pixels = self.offsets[index], height * width
        channels = 1 if self.gray[index] else 3
        lr = self.lr[start : start + pixels].reshape(height, width, 3)
        hr = self.hr[start * scale**2 : (start + pixels) * scale**2]
        hr = hr.reshape(height * scale, width * scale, 3)
        return lr[..., :channels], hr[..., :channels]

    def sampler(self, **options: Any) -> PatchSampler:
        """The `PatchSampler` of these pairs, which draws and cuts patches for the feeds."""
        return PatchSampler(self, **options)

    def degraded(self, degrade: str | Callable[..., Any] | None) -> ImagePairs:
        """The same images, in the same memory, with low-resolution patches degraded beyond bicubic.

        Feeds degrade each patch when they cut it, with parameters that depend on seed, epoch and
        step. Every epoch differs, and the same seed repeats the same run. `fixed_patches` draws
        from a fixed seed. `image` and the high-resolution patches do not change.

        Args:
            degrade: A text such as `"noise:0-10+jpeg:30-95"`, or a function; see `degradation`.
                None and `"bicubic"` turn degradation off.

        Raises:
            ValueError: if `degrade` is neither.
        """
        return self._with(degrade=degradation(degrade))

    def resized(self, factor: float) -> ImagePairs:
        """The same images in another size, with low-resolution images of that size.

        Shrunk copies give more images to train on, and sharper ones: shrinking a JPEG file removes
        part of what compression left. LR images are made anew, with borders replicated.

        Args:
            factor: Factor of both sides, above 0. A factor below 1 shrinks with antialiasing.

        Returns:
            `ImagePairs`; this set itself if the factor is 1.

        Raises:
            ValueError: if the factor is not above 0, or an image gets smaller than `scale` px.
        """
        if factor == 1:
            return self
        images = resized_images(self, factor)
        pairs = ImagePairs.from_images(images, scale=self.scale, names=self.names)
        return pairs.degraded(self.degrade)

    @classmethod
    def join(cls, parts: Sequence[ImagePairs]) -> ImagePairs:
        """Join sets of one scale, in order. This copies them, so both are in memory for a moment.

        Args:
            parts: `ImagePairs`, one or more.

        Raises:
            ValueError: if there are none, or their scales or degradations differ.
        """
        scales = {part.scale for part in parts}
        if len(scales) != 1:
            raise ValueError(f"Expected sets of one scale; got {sorted(scales) or 'no set'}.")
        if any(part.degrade != parts[0].degrade for part in parts):
            raise ValueError("Expected sets of one degradation: join them first, then degrade.")
        if len(parts) == 1:
            return parts[0]
        arrays = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("lr", "hr", "heights", "widths", "gray")
        }
        names = [name for part in parts for name in part.names]
        return cls(**arrays, scale=scales.pop(), names=names, degrade=parts[0].degrade)

    def split(self, at: int) -> tuple[ImagePairs, ImagePairs]:
        """Split into the images before index `at` and the rest; both share this set's memory.

        Args:
            at: Index as in a slice: `-10` sets the last ten apart.

        Raises:
            ValueError: if either part would be empty.
        """
        cut = slice(None, at).indices(len(self))[1]
        if not 0 < cut < len(self):
            raise ValueError(f"Splitting {len(self)} images at {at} leaves one part empty.")
        parts = []
        for start, stop in ((0, cut), (cut, len(self))):
            first = self.offsets[start]
            last = self.offsets[stop] if stop < len(self) else len(self.lr)
            part = {n: getattr(self, n)[start:stop] for n in ("heights", "widths", "gray", "names")}
            hr = self.hr[first * self.scale**2 : last * self.scale**2]
            parts.append(self._with(lr=self.lr[first:last], hr=hr, **part))
        return tuple(parts)

    def _with(self, **changes):
        names = ("lr", "hr", "heights", "widths", "scale", "gray", "names", "degrade")
        return ImagePairs(**{name: getattr(self, name) for name in names} | changes)
