"""Pairs of images that are read from their files when training needs them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from keras_pisr.data.images.bicubic import BORDERS
from keras_pisr.data.images.degradation import degradation
from keras_pisr.data.images.resize import check_scale, downscale
from keras_pisr.data.pairs.image_pairs import ImagePairs
from keras_pisr.data.pairs.pair_sources import find_files, pack_stream
from keras_pisr.data.pairs.stream_sampler import StreamSampler
from keras_pisr.data.pairs.streamed_file import StreamedFile

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    import numpy as np


class StreamedPairs:
    """A folder of images larger than memory, in place of `ImagePairs.from_folder`.

    `tf_patches` and `PatchSequence` take it in place of `ImagePairs`. The low-resolution pixels of
    each patch are the same, bit for bit. Threads decode the files. Several patches are cut from
    each image and shuffled with the patches of other images; see `StreamSampler`. Memory holds one
    image per thread and the patches of two blocks: about 30 MB by default, with patches of 48 px at
    x2.

    A file is opened when a batch first needs it. If it is damaged, one warning names it, and other
    files take its place.

    Args:
        hr_dir: Folder of images, or several in a list; see `ImagePairs.from_folder`.
        scale: Whole number, 2 or more.
        lr_dir: Folder of their low-resolution files. By default they are made by bicubic
            interpolation.
        border: See `resize`; used only without `lr_dir`.
        degrade: See `ImagePairs.degraded`.
        patches_per_image: Patches cut from each image when it is decoded. More patches are faster,
            because decoding takes most of the time, but more alike.
        mixed_images: Number of images whose patches are shuffled together. The first batch waits
            for all of them.
        workers: Threads that decode; by default one per core, up to 16.
        damaged: `"skip"` files that cannot be used with a warning, or `"refuse"` them with an
            error, when a batch needs them.

    Attributes:
        files: `StreamedFile` of each image.
        part: `(index, shards)`; see `shard`.

    Raises:
        FileNotFoundError: if a folder is missing.
        ValueError: if an argument is none of these, a folder is empty, or files do not match.

    Example:
        >>> pairs = kp.data.StreamedPairs("LSDIR/HR", scale=2)  # doctest: +SKIP
        >>> model.fit(kp.data.tf_patches(pairs, steps_per_epoch=1000))  # doctest: +SKIP
    """

    def __init__(
        self,
        hr_dir: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        scale: int,
        lr_dir: str | os.PathLike[str] | None = None,
        border: str = "replicate",
        degrade: str | Callable[..., Any] | None = None,
        patches_per_image: int = 16,
        mixed_images: int = 64,
        workers: int | None = None,
        damaged: str = "skip",
    ) -> None:
        self.scale = check_scale(scale, least=2)
        counts = {"patches_per_image": patches_per_image, "mixed_images": mixed_images}
        for name, value in (counts | ({"workers": workers} if workers is not None else {})).items():
            if int(value) != value or value < 1:
                raise ValueError(f"Expected {name} to be a whole number above 0; got {value!r}.")
        choices = {"border": (border, BORDERS), "damaged": (damaged, ("skip", "refuse"))}
        for name, (chosen, known) in choices.items():
            if chosen not in known:
                raise ValueError(f"Expected {name} to be one of {known}; got {chosen!r}.")
        self.degrade = degradation(degrade, border=border, lr_given=lr_dir is not None)
        self.border, self.damaged, self.part = border, damaged, (0, 1)
        self.patches_per_image, self.mixed_images = int(patches_per_image), int(mixed_images)
        self.workers = workers
        paths = find_files(hr_dir, lr_dir, self.scale)
        self.files = [StreamedFile(*pair) for pair in zip(*paths, strict=True)]

    def __len__(self) -> int:
        return len(self.files)

    def __repr__(self):
        degrade = f", degrade={str(self.degrade)!r}" if self.degrade else ""
        return f"StreamedPairs({len(self)} files, scale={self.scale}{degrade})"

    def image(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """`(lr, hr)` of one image, read now: uint8 `(height, width, 1 or 3)`.

        Raises:
            ValueError: if the file cannot be used.
        """
        file = self.files[index]
        lr, hr = file.read(self.scale)
        border = "replicate" if file.factors else self.border
        return downscale(hr, self.scale, border=border) if lr is None else lr, hr

    def sampler(self, **options: Any) -> StreamSampler:
        """The `StreamSampler` of these pairs, which draws, reads and cuts patches for the feeds."""
        return StreamSampler(self, **options)

    def shard(self, index: int, shards: int) -> StreamedPairs:
        """The part of one of several workers: in each pass no image is in two parts.

        Every worker gets the same number of images per pass. The images of the remainder are left
        out; they differ from pass to pass. Under `tf.distribute`::

            strategy.distribute_datasets_from_function(
                lambda context: kp.data.tf_patches(
                    pairs.shard(context.input_pipeline_id, context.num_input_pipelines),
                    batch_size=context.get_per_replica_batch_size(64),
                )
            )

        Args:
            index: Number of the worker, from 0 to `shards - 1`.
            shards: Number of workers.

        Raises:
            ValueError: If `index` is not the number of a worker.
        """
        if not 0 <= index < shards:
            raise ValueError(f"Expected a worker from 0 to {shards - 1}; got {index}.")
        return self._with(part=(index, shards))

    def degraded(self, degrade: str | Callable[..., Any] | None) -> StreamedPairs:
        """The same files with other low-resolution patches; see `ImagePairs.degraded`."""
        given = any(file.lr for file in self.files)
        return self._with(degrade=degradation(degrade, border=self.border, lr_given=given))

    def resized(self, factor: float) -> StreamedPairs:
        """The same images in another size; see `ImagePairs.resized`.

        Raises:
            ValueError: if the factor is not above 0.
        """
        if factor <= 0:
            raise ValueError(f"Expected a factor above 0; got {factor}.")
        if factor == 1:
            return self
        return self._with(
            files=[StreamedFile(f.hr, None, (*f.factors, factor)) for f in self.files]
        )

    @classmethod
    def join(cls, parts: Sequence[StreamedPairs]) -> StreamedPairs:
        """Join the files of sets of one scale, in order, with the options of the first set.

        Args:
            parts: `StreamedPairs`, one or more.

        Raises:
            ValueError: if there are none, or their scales or degradations differ.
        """
        if len({part.scale for part in parts}) != 1:
            scales = sorted({part.scale for part in parts})
            raise ValueError(f"Expected sets of one scale; got {scales or 'no set'}.")
        if any(part.degrade != parts[0].degrade for part in parts):
            raise ValueError("Expected sets of one degradation: join them first, then degrade.")
        return parts[0]._with(files=[file for part in parts for file in part.files])

    def split(self, at: int) -> tuple[StreamedPairs, StreamedPairs]:
        """Split into the files before index `at` and the rest.

        Args:
            at: Index as in a slice: `-10` keeps the last ten apart.

        Raises:
            ValueError: if either part would be empty.
        """
        parts = self.files[:at], self.files[at:]
        if not all(parts):
            raise ValueError(f"Splitting {len(self)} images at {at} leaves one part empty.")
        return tuple(self._with(files=part) for part in parts)

    def in_memory(self) -> ImagePairs:
        """Read all images into `ImagePairs`; meant for a few validation images.

        Raises:
            ValueError: if a file cannot be used.
        """
        images = ((self.files[i].hr.name, *self.image(i)) for i in range(len(self)))
        return ImagePairs(**pack_stream(images, scale=self.scale), degrade=self.degrade)

    def _with(self, **changes):
        other = copy.copy(self)
        vars(other).update(changes)
        return other
