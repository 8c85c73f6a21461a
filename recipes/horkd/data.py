"""The images on which the HORKD recipes train and score."""

import importlib.util

import keras_pisr as kp
from keras_pisr.data.recognition.labelled_parts import has_parts, hold_out_share, labelled_part


def load(settings):
    """Training and scored images of the task.

    Returns:
        `(training, scored)`, both `LabelledImages`: with the same classes for classification,
        otherwise with new classes in `scored`.
    """
    read = reader(settings)
    parts = (
        [read("train"), read("val")] if settings.data and has_parts(settings.data) else [read(None)]
    )
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


def reader(settings):
    """Function from the name of a part (or None) to its images."""
    options = {"size": settings.hr_size, "channels": 1 if settings.gray else 3}
    if settings.tfds:
        return lambda part: kp.data.LabelledImages.from_tfds(settings.tfds, **options)
    if settings.data is None:
        return lambda part: kp.data.LabelledImages.from_glyphs(size=settings.hr_size)
    return lambda part: labelled_part(settings.data, part, **options)


def pairs_for_this_backend(data, **options):
    """The feed for `fit`: a `tf.data.Dataset` if TensorFlow is installed, otherwise NumPy."""
    if importlib.util.find_spec("tensorflow"):
        return kp.data.recognition_pairs(data, **options)
    return kp.data.RecognitionSequence(data, **options)


def lr_size(images, factor):
    """Size of the LR images.

    Raises:
        ValueError: If the HR size is not a multiple of the factor.
    """
    height, width = images.shape[1:3]
    if height % factor or width % factor:
        raise ValueError(
            f"HR images of height {height}, width {width} px cannot be divided by {factor}: "
            "give a multiple as --hr-size, or another --lr-factor."
        )
    return height // factor, width // factor
