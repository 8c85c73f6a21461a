"""Runs one feed in a separate process, and measures pairs per second and peak memory.

    python benchmarks/data/streaming_worker.py FEED FOLDER PATCH BATCH WARM_UP BATCHES

`streaming.py` starts this program, which prints one line of JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

SCALE = 2
PATCHES_PER_IMAGE = 16


def in_memory(folder):
    import keras_pisr as kp

    return kp.data.ImagePairs.from_folder(folder, scale=SCALE, progress=False)


def streamed(folder):
    import keras_pisr as kp

    return kp.data.StreamedPairs(folder, scale=SCALE, patches_per_image=PATCHES_PER_IMAGE)


def by_tensorflow(pairs, options):
    import keras_pisr as kp

    return kp.data.tf_patches(pairs, **options)


def by_numpy(pairs, options):
    # `PatchSequence` is not used, because it would import Keras and a backend for the same batches.
    sampler = pairs.sampler(**options)
    return (sampler.batch(0, step) for step in range(options["steps_per_epoch"]))


def by_torch(folder, options, *, workers, patches):
    """A `DataLoader` as it is usually written: each item is a file, from which patches are cut."""
    import torch
    from PIL import Image

    paths = sorted(folder.iterdir())
    size, batch_size = options["patch"], options["batch_size"]
    # The luma of the protocol, as a plain product with three weights.
    weights = np.array([65.481, 128.553, 24.966], np.float32) / 255 / 255

    def luma(pixels, turn):
        plane = np.asarray(pixels, np.float32) @ weights + np.float32(16 / 255)
        plane = plane[::-1] if turn & 1 else plane
        plane = plane[:, ::-1] if turn & 2 else plane
        plane = plane.T if turn & 4 else plane
        return torch.from_numpy(np.ascontiguousarray(plane)[None])

    class Files(torch.utils.data.Dataset):
        def __len__(self):
            return options["steps_per_epoch"] * batch_size // patches

        def __getitem__(self, index):
            with Image.open(paths[index % len(paths)]) as image:
                image = image.convert("RGB")
            pairs = []
            for _ in range(patches):
                x, y = (int(torch.randint(side - size + 1, ())) for side in image.size)
                hr = image.crop((x, y, x + size, y + size))
                lr = hr.resize((size // SCALE, size // SCALE), Image.Resampling.BICUBIC)
                turn = int(torch.randint(8, ()))
                pairs.append((luma(lr, turn), luma(hr, turn)))
            return tuple(torch.stack(part) for part in zip(*pairs, strict=True))

    def collate(items):
        return tuple(torch.cat(part) for part in zip(*items, strict=True))

    return torch.utils.data.DataLoader(
        Files(),
        batch_size=batch_size // patches,
        shuffle=True,
        num_workers=workers,
        collate_fn=collate,
    )


FEEDS = {
    "in memory, tf_patches": lambda folder, o: by_tensorflow(in_memory(folder), o),
    "in memory, NumPy": lambda folder, o: by_numpy(in_memory(folder), o),
    "streamed, tf_patches": lambda folder, o: by_tensorflow(streamed(folder), o),
    "streamed, NumPy": lambda folder, o: by_numpy(streamed(folder), o),
    "DataLoader, no worker": lambda f, o: by_torch(f, o, workers=0, patches=PATCHES_PER_IMAGE),
    "DataLoader, 2 workers": lambda f, o: by_torch(f, o, workers=2, patches=PATCHES_PER_IMAGE),
    "DataLoader, 2 workers, 1 patch per file": lambda f, o: by_torch(f, o, workers=2, patches=1),
}


def main(feed, folder, patch, batch_size, warm_up, batches):
    options = {
        "patch": patch,
        "batch_size": batch_size,
        "steps_per_epoch": warm_up + batches,
    }
    began = time.perf_counter()
    iterator = iter(FEEDS[feed](Path(folder), options))
    next(iterator)
    first = time.perf_counter() - began
    for _ in range(warm_up - 1):
        next(iterator)
    start, count = time.perf_counter(), 0
    for _ in iterator:
        count += 1
    rate = count * batch_size / (time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(json.dumps({"pairs_a_second": rate, "first_batch_s": first, "peak_mib": peak}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
