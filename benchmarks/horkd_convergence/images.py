"""Labelled images of an archive, decoded by several processes."""

import concurrent.futures
import multiprocessing
import os
from pathlib import Path, PurePosixPath

import numpy as np

from keras_pisr.data.images.decoder import SUFFIXES
from keras_pisr.data.recognition.labelled_images import LabelledImages
from keras_pisr.data.recognition.labelled_parts import labelled_part
from keras_pisr.data.recognition.labelled_sources import natural, tar_members

# Fewer images are read before the processes have started.
WORTH_IT = 2000


def part_in_parallel(source, part, *, size, channels):
    """`labelled_part`, in as many processes as there are cores if the archive is large."""
    source = Path(source)
    if source.is_dir() or not source.exists():
        return labelled_part(source, part, size=size, channels=channels)
    classes = []
    for _, member in tar_members(source):
        path = PurePosixPath(member.name)
        if path.suffix.lower() in SUFFIXES and part in (None, *path.parts[:-2]):
            classes.append(path.parts[-2])
    workers = min(os.cpu_count() or 1, 8)
    if len(classes) < WORTH_IT or workers < 4:
        return labelled_part(source, part, size=size, channels=channels)
    names = sorted(set(classes), key=natural)
    shares = [list(share) for share in np.array_split(names, min(workers, len(names)))]
    # A fork would copy a process in which JAX runs threads.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context) as pool:
        jobs = [pool.submit(decoded, source, part, size, channels, share) for share in shares]
        parts = [job.result() for job in jobs]
    starts = np.cumsum([0, *map(len, shares)])
    images = np.concatenate([images for images, _ in parts])
    labels = [labels + start for (_, labels), start in zip(parts, starts, strict=False)]
    return LabelledImages(images, np.concatenate(labels), names)


def decoded(source, part, size, channels, classes):
    """Images and labels of some classes."""
    found = LabelledImages.from_tar(
        source, folder=part, size=size, channels=channels, classes=classes
    )
    return found.images, found.labels
