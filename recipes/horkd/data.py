"""Which images the HORKD recipes train on and which they score on."""

from pathlib import Path

import numpy as np

import keras_pisr as kp
from keras_pisr.data.recognition.labelled_sources import tar_members


def load(settings):
    """Training and scored images of the task.

    Returns:
        `(training, scored)`, both `LabelledImages`: of the same classes for classification,
        of classes that are new otherwise.
    """
    read = reader(settings)
    parts = [read("train"), read("val")] if has_parts(settings.data) else [read(None)]
    if settings.task == "classification":
        training, scored = parts if len(parts) == 2 else hold_out_share(parts[0])
        if settings.score_on == "validation":
            training, scored = hold_out_share(training)
        return training, scored
    total = len(parts[0].class_names)
    seen = settings.train_classes or total * 3 // 5
    training = parts[0].split_classes(seen)[0]
    if settings.score_on == "validation":
        held = max(2, seen // 6)
        return training.split_classes(seen - held, held)
    if seen > total - 2:
        raise ValueError(
            f"--train-classes {seen} leaves fewer than two of the {total} classes to score on."
        )
    return training, parts[-1].split_classes(seen, total - seen)[1]


def hold_out_share(data, share=0.1):
    """Split off this share of each class, one image at least."""
    smallest = np.bincount(data.labels, minlength=len(data.class_names)).min()
    return data.hold_out(max(1, int(share * smallest)))


def reader(settings):
    """Function from the name of a part (or None) to its images."""
    options = {"size": settings.hr_size, "channels": 1 if settings.gray else 3}
    if settings.tfds:
        return lambda part: kp.data.LabelledImages.from_tfds(settings.tfds, **options)
    if settings.data is None:
        return lambda part: kp.data.LabelledImages.from_glyphs(size=settings.hr_size)
    if settings.data.is_dir():
        return lambda part: kp.data.LabelledImages.from_folder(
            settings.data / (part or "."), **options
        )
    return lambda part: kp.data.LabelledImages.from_tar(settings.data, folder=part, **options)


def has_parts(path):
    """Whether a folder or archive is divided into train/ and val/."""
    if path is None:
        return False
    if path.is_dir():
        return (path / "train").is_dir() and (path / "val").is_dir()
    folders = set()
    for _, member in tar_members(path):
        folders.update(Path(member.name).parts[-3:-2])
        if {"train", "val"} <= folders:
            return True
    return False


def lr_size(images, factor):
    """Size of the LR images.

    Raises:
        ValueError: If the HR size is no multiple of the factor.
    """
    height, width = images.shape[1:3]
    if height % factor or width % factor:
        raise ValueError(
            f"HR images of {height} x {width} px cannot be made {factor} times smaller evenly: "
            "give --hr-size a multiple, or another --lr-factor."
        )
    return height // factor, width // factor
