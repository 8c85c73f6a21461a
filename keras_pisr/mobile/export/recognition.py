"""Export of a recognition student: options, checks of decisions, and the printed results."""

import dataclasses
from typing import Annotated, Literal

import tyro

Number = Annotated[float | None, tyro.conf.arg(metavar="X")]
Count = Annotated[int | None, tyro.conf.arg(metavar="N")]


@dataclasses.dataclass(frozen=True)
class RecognitionOptions:
    """Options for recognition students (embedding and logits)."""

    score: Literal["top1", "verification"] | None = None
    """The score of file and student. top1 needs images of the classes that the student knows.
    verification takes any classes, and is the AUC over all pairs [top1 if there are as many classes
    as logits]."""
    lr_factor: Count = None
    """Factor by which the student's training images were shrunk. Images are cropped to this
    multiple of --size and then shrunk [the student's own upsampling, or 1]."""
    train_classes: Count = None
    """Number of classes, the first ones, on which the student was trained: --calibration takes
    these, --images takes the others."""
    min_score: Number = None
    """Exit with code 1 if the file's score is below this many percent."""
    max_score_loss: Number = None
    """Refuse a file whose score is more than this many percentage points below the student's."""
    min_cosine: Number = None
    """Refuse a file if the cosine between its embedding of any image and the student's is below
    this [0.99999 for float32, 0.999 for float16, 0.98 for dynamic, 0.95 for int8]."""
    min_equal: Number = None
    """Refuse a file that decides like the student for less than this percentage of the images [99
    for float32, 97 for float16, 85 for dynamic, 80 for int8]."""


def convert_and_check(
    model,
    temporary,
    *,
    preset,
    precision,
    pixels,
    size,
    calibration,
    images,
    wholly_delegated,
    options,
):
    """Convert to a temporary file and refuse it unless every check passes.

    Returns:
        `(FileFacts, RecognitionAgreement)`.
    """
    from keras_pisr.mobile.export.convert_recognizer import (
        convert_recognizer,
        describe_recognizer,
        input_size,
    )
    from keras_pisr.mobile.export.file_facts import check_file
    from keras_pisr.mobile.export.recognition_agreement import check_recognition
    from keras_pisr.mobile.export.recognition_images import calibration_images, recognition_images
    from keras_pisr.mobile.runtime.tflite_recognizer import TFLiteRecognizer

    if images is None:
        raise ValueError(
            f"{model.name!r} is a recognition network: give --images, a folder or tar archive of "
            "class folders on which the file is compared with it ('letters' for the recipes' own)."
        )
    factor = getattr(model, "upsampling", 1) if options.lr_factor is None else options.lr_factor
    reading = {
        "size": input_size(model, size),
        "channels": model.inputs[0].shape[-1],
        "lr_factor": factor,
        "train_classes": options.train_classes,
    }
    # The images are read before the conversion, so that a wrong path is reported at once.
    data = recognition_images(images, "val", **reading)
    representative = None
    if precision == "int8" and calibration is not None:
        representative = calibration_images(recognition_images(calibration, "train", **reading))
    convert_recognizer(
        model,
        temporary,
        precision=precision,
        pixels=pixels,
        size=size,
        representative=representative,
    )
    file = TFLiteRecognizer(temporary, trusted=True)
    facts = check_file(
        file,
        precision=precision,
        weights=model.count_params(),
        wholly_delegated=wholly_delegated,
    )
    agreement = check_recognition(
        model,
        file,
        data,
        precision=precision,
        score=options.score,
        min_cosine=options.min_cosine,
        min_equal=options.min_equal,
        max_score_loss=options.max_score_loss,
    )
    describe_recognizer(
        temporary,
        model,
        precision=precision,
        size=size,
        scores=agreement.file_scores,
        scores_of_keras=agreement.keras_scores,
        scored_on=f"{agreement.images} images of {images.name}",
        **({} if preset is None else {"preset": preset}),
    )
    return facts, agreement


def shortcoming(agreement, options, name):
    """A sentence if the file is sound but scores too low, otherwise None."""
    reached = 100 * agreement.file_scores[agreement.score]
    if options.min_score is None or reached >= options.min_score:
        return None
    return (
        f"{name} reaches {reached:.2f}% {agreement.score} on {agreement.images} images; "
        f"at least {options.min_score:g}% was asked for."
    )


def described(agreement):
    """Rows of the table that `export.py` prints."""
    decisions = ""
    if agreement.equal_decisions is not None:
        decisions = f"{100 * agreement.equal_decisions:.1f}% of decisions equal; "
    rows = {
        "against Keras": f"{decisions}cosine {agreement.mean_cosine:.5f}, "
        f"worst {agreement.worst_cosine:.5f}, of {agreement.images} images"
    }
    for name, value in agreement.file_scores.items():
        before = agreement.keras_scores[name]
        change = round(100 * (value - before), 2) + 0
        rows[name] = f"{100 * value:.2f}%; Keras {100 * before:.2f}%; change {change:+.2f} points"
    return rows
