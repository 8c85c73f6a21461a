"""Batches of patches from files that are read when training needs them."""

import os
import threading
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from keras_pisr.data.pairs.patch_detail import prefer
from keras_pisr.data.pairs.patches import FLAT, checked_options
from keras_pisr.data.pairs.streamed_file import CutFile, FileCutter

MOST_WORKERS = 16


class StreamSampler:
    """Draws patches as `PatchSampler` does, from files of `StreamedPairs`.

    Files come in shuffled passes, each file once per pass. `mixed_images` files make a block: each
    file gives `patches_per_image` patches, and all patches of a block are shuffled. Threads read
    the next block while batches are taken from this one.

    Every draw depends on the seed, the shard and the number of the block alone, so any batch of any
    epoch can be drawn by reading only its block.

    With `detail`, twice as many patches are cut and half of each block's patches are kept, as
    `PatchSampler` keeps half of each batch's patches.

    Args:
        pairs: `StreamedPairs`.
        patch: As for `PatchSampler`, like the other arguments.
        batch_size: Patches per batch.
        steps_per_epoch: Batches per epoch, by default 100.
        detail: How strongly patches with detail are preferred.
        augment: Whether to flip and transpose patches.
        shuffle: Shuffle the files of each pass and the patches of each block.
        seed: Whole number, 0 or more.

    Raises:
        ValueError: as `PatchSampler`, or if a shard would have no file; from `batch`, if no file of
            a block can be used, or if one file cannot be used and the pairs do not skip it.
    """

    def __init__(
        self,
        pairs,
        *,
        patch=None,
        batch_size=16,
        steps_per_epoch=None,
        detail=0.0,
        augment=True,
        shuffle=True,
        seed=0,
    ):
        self.side, self.steps_per_epoch = checked_options(
            pairs.scale, patch, batch_size, steps_per_epoch, detail
        )
        self.pairs, self.batch_size, self.seed = pairs, batch_size, seed
        self.shuffle, self.preference = shuffle, detail
        self.index, shards = pairs.part
        # A pass leaves out the files that do not fill the shards. Files are shuffled, so each pass
        # leaves out other ones.
        self.per_pass = len(pairs) // shards
        if not self.per_pass:
            raise ValueError(
                f"Expected at least one file for each of {shards} shards; got {len(pairs)}."
            )
        self.images = min(pairs.mixed_images, self.per_pass)
        self.patches = self.images * pairs.patches_per_image
        self._cut = FileCutter(
            scale=pairs.scale,
            side=self.side,
            count=pairs.patches_per_image * (2 if detail else 1),
            border=pairs.border,
            degrade=pairs.degrade,
            augment=augment,
            with_detail=bool(detail),
        )
        workers = pairs.workers or min(os.cpu_count() or 1, MOST_WORKERS)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="streamed pairs")
        # Reading ahead ends when the sampler is collected. Its tasks do not refer to it, so it can
        # be.
        weakref.finalize(self, self._pool.shutdown, wait=False, cancel_futures=True)
        self._lock = threading.Lock()
        self._reading, self._blocks, self._named, self._orders = {}, {}, set(), {}

    def draw(self, epoch, step):
        """The table of one batch's patches, as from `PatchSampler.draw`; reads its files."""
        return self._gathered(epoch, step, "table")[0]

    def batch(self, epoch, step):
        """The patches of one batch, as from `PatchSampler.batch`."""
        return self._gathered(epoch, step, "lr", "hr")

    def numbers(self, block):
        """The files of a block.

        Args:
            block: Number of the block, from 0.

        Returns:
            int64 `(images,)`: indices of files.
        """
        turns, places = np.divmod(block * self.images + np.arange(self.images), self.per_pass)
        shards = self.pairs.part[1]
        numbers = [
            self._order(int(turn))[place * shards + self.index]
            for turn, place in zip(turns, places, strict=True)
        ]
        return np.array(numbers)

    def _gathered(self, epoch, step, *names):
        first = (epoch * self.steps_per_epoch + step) * self.batch_size
        blocks, places = np.divmod(first + np.arange(self.batch_size), self.patches)
        parts = []
        for number in np.unique(blocks):
            cuts, order = self._block(int(number))
            parts += [(cuts[i], k) for i, k in order[places[blocks == number]]]
        return tuple(np.stack([getattr(cut, name)[k] for cut, k in parts]) for name in names)

    def _order(self, turn):
        if turn not in self._orders:
            order = np.arange(len(self.pairs))
            if self.shuffle:
                order = np.random.default_rng([self.seed, 0, turn]).permutation(order)
            self._orders = {k: v for k, v in self._orders.items() if k == turn - 1} | {turn: order}
        return self._orders[turn]

    def _block(self, number):
        with self._lock:
            # The block before is dropped, because batches move forward. A request for it reads it
            # again.
            for ahead in (number, number + 1):
                if ahead not in self._reading:
                    self._reading[ahead] = self._read(ahead)
            for past in [n for n in self._reading if n not in (number, number + 1)]:
                for future in self._reading.pop(past):
                    future.cancel()
                self._blocks.pop(past, None)
            if number not in self._blocks:
                cuts = [future.result() for future in self._reading[number]]
                self._blocks[number] = self._usable(cuts, number), self._order_in(cuts, number)
            return self._blocks[number]

    def _read(self, block):
        return [
            self._pool.submit(
                self._cut,
                self.pairs.files[number],
                number,
                [self.seed, 1, self.index, block, i],
            )
            for i, number in enumerate(self.numbers(block).tolist())
        ]

    def _usable(self, cuts, block):
        """The cuts of usable files, after a warning or error about the other files."""
        numbers = self.numbers(block)
        wanted = f"a patch of {self.side * self.pairs.scale} px"
        for cut, number in zip(cuts, numbers.tolist(), strict=True):
            if isinstance(cut, CutFile) or number in self._named:
                continue
            self._named.add(number)
            file = self.pairs.files[number].hr
            if cut is None:
                warnings.warn(f"{file} is smaller than {wanted} and is left out.", stacklevel=6)
            elif self.pairs.damaged == "refuse":
                raise ValueError(cut)
            else:
                warnings.warn(f"{cut} It is left out.", stacklevel=6)
        if not any(isinstance(cut, CutFile) for cut in cuts):
            raise ValueError(
                f"None of {len(cuts)} files holds {wanted} that can be read; the first is "
                f"{self.pairs.files[numbers[0]].hr}. Use a smaller patch, or other files."
            )
        return cuts

    def _order_in(self, cuts, block):
        """`(image, patch)` of each place in a block, `(patches, 2)`."""
        rng = np.random.default_rng([self.seed, 3, self.index, block])
        cut = [
            (i, k) for i, x in enumerate(cuts) if isinstance(x, CutFile) for k in range(len(x.lr))
        ]
        chosen = np.arange(len(cut))
        if self.preference and len(cut) > self.patches:
            detail = np.concatenate([x.detail for x in cuts if isinstance(x, CutFile)])
            weights = self.preference * np.log(detail + FLAT)
            chosen = prefer(weights, self.patches, rng)
        # Patches of the other files replace those of files that are left out.
        missing = self.patches - len(chosen)
        if missing > 0:
            chosen = np.concatenate([chosen, rng.integers(0, len(cut), missing)])
        return np.array(cut)[rng.permutation(chosen) if self.shuffle else chosen]
