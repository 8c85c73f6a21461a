"""Compares a `.tflite` file with its Keras model in recognition, on labelled images."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_pisr.metrics.pairs import all_pairs, pair_similarities
from keras_pisr.metrics.verification import roc_auc, tar_at_far

if TYPE_CHECKING:
    import keras

    from keras_pisr.data.recognition.labelled_images import LabelledImages
    from keras_pisr.mobile.runtime.tflite_recognizer import TFLiteRecognizer


# Smallest cosine allowed between the two embeddings of an image. On the worst image, sound files of
# two ResNets reach 1.00000, 0.99998, 0.996 and 0.985 (docs/reference/phone_measurements.md).
COSINES = {"float32": 0.99999, "float16": 0.999, "dynamic": 0.98, "int8": 0.95}
# Smallest share of images for which both must name the same class. If a student is undecided, the
# rounding decides, so the shares for 8 bit are low; the score shows what is lost.
DECISIONS = {"float32": 0.99, "float16": 0.97, "dynamic": 0.85, "int8": 0.8}
FAR = 0.01
# Largest number of images of which every pair is compared: 2 million pairs.
MOST_PAIRED = 2000


@dataclasses.dataclass(frozen=True)
class RecognitionAgreement:
    """Comparison of a file with its Keras model.

    Attributes:
        images: Number of images.
        score: The first score: `"top1"`, or `"auc"` of verification.
        equal_decisions: Share of images for which both have the same most likely class; None
            without logits.
        worst_cosine: Cosine between the two embeddings of the worst image.
        mean_cosine: Mean cosine over all images.
        keras_scores: Scores of the Keras model against the labels, shares: `{"top1": ...}`, or
            `{"auc": ..., "tar@far=0.01": ...}`.
        file_scores: The same scores of the file.
    """

    images: int
    score: str
    equal_decisions: float | None
    worst_cosine: float
    mean_cosine: float
    keras_scores: dict
    file_scores: dict

    @property
    def loss(self) -> float:
        """Loss of the file in the first score, percentage points."""
        return 100 * (self.keras_scores[self.score] - self.file_scores[self.score])

    def to_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        return dataclasses.asdict(self) | {"loss": self.loss}


def check_recognition(
    model: keras.Model,
    file: TFLiteRecognizer,
    data: LabelledImages,
    *,
    precision: str,
    score: str | None = None,
    min_cosine: float | None = None,
    min_equal: float | None = None,
    max_score_loss: float | None = None,
) -> RecognitionAgreement:
    """Compare a file with its Keras model on labelled images.

    Args:
        model: The Keras model.
        file: `TFLiteRecognizer`.
        data: `LabelledImages` of the file's size; see `recognition_images`.
        precision: Precision of the file; sets the defaults of the limits.
        score: `"top1"`, for classes that the student was trained on, in their order; or
            `"verification"`, for any classes: ROC AUC, and true accepts at 1% false accepts, over
            all pairs of (at most 2,000) images, by cosine. If not given: top1 if images and
            logits have as many classes.
        min_cosine: Smallest cosine allowed between the two embeddings of any image; 0.99999 for
            float32, 0.999 for float16, 0.98 for dynamic, 0.95 for int8.
        min_equal: Smallest share of equal decisions allowed, percent; 99, 97, 85, 80 for the same
            precisions.
        max_score_loss: Largest permitted fall of the first score, percentage points; by default
            there is no limit.

    Returns:
        `RecognitionAgreement`.

    Raises:
        ValueError: If the score does not suit the images, or the file falls short.
    """
    images = data.images / np.float32(255)
    wanted, got = keras_outputs(model, images), file(images)
    cosines = paired_cosines(wanted["embedding"], got["embedding"])
    equal = None
    if "logits" in wanted:
        if "logits" not in got:
            raise ValueError(f"{file.name} has no logits, but the model has.")
        equal = float(np.mean(wanted["logits"].argmax(1) == got["logits"].argmax(1)))
    kind = which_score(score, model, data)
    scores = [recognition_scores(kind, outputs, data.labels) for outputs in (wanted, got)]
    result = RecognitionAgreement(
        images=len(images),
        score=next(iter(scores[0])),
        equal_decisions=equal,
        worst_cosine=float(cosines.min()),
        mean_cosine=float(cosines.mean()),
        keras_scores=scores[0],
        file_scores=scores[1],
    )
    least = COSINES[precision] if min_cosine is None else min_cosine
    share = DECISIONS[precision] if min_equal is None else min_equal / 100
    # The comparison is written so that NaN fails, too.
    if not result.worst_cosine >= least:
        raise ValueError(
            "The file does not compute the same as the model: on the worst image its embedding "
            f"has a cosine of {result.worst_cosine:.6f} with the model's; a {precision} file "
            f"should reach {least}."
        )
    if equal is not None and not equal >= share:
        raise ValueError(
            f"The file decides like the model for {100 * equal:.1f}% of {len(images)} images; "
            f"a {precision} file should reach {100 * share:g}%."
        )
    if max_score_loss is not None and not result.loss <= max_score_loss:
        name = result.score
        raise ValueError(
            f"The file loses {result.loss:.2f} percentage points of {name} against the Keras "
            f"model ({100 * scores[1][name]:.2f} instead of {100 * scores[0][name]:.2f}); at most "
            f"{max_score_loss} were allowed."
        )
    return result


def keras_outputs(model, images, batch_size=256):
    """Outputs of the Keras model for all images, by name, in NumPy."""
    starts = range(0, len(images), batch_size)
    parts = [model.predict_on_batch(images[start : start + batch_size]) for start in starts]
    return {
        name: np.concatenate([np.asarray(part[name]) for part in parts]).astype("float32")
        for name in ("embedding", "logits")
        if name in parts[0]
    }


def paired_cosines(a, b):
    """Cosine of each row of one with the same row of the other; 1 where both are zero."""
    if a.shape != b.shape:
        raise ValueError(f"The file makes embeddings {b.shape} where the model makes {a.shape}.")
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    products = np.einsum("nd,nd->n", a.astype("float64"), b)
    both_zero = ~a.any(axis=1) & ~b.any(axis=1)
    return np.where(both_zero, 1.0, products / np.where(norms > 0, norms, 1))


def which_score(score, model, data):
    """`"top1"` or `"verification"`: the requested score if it is possible, or the one that fits."""
    logits, present = model.output.get("logits"), len(data.class_names)
    known = None if logits is None else logits.shape[-1]
    if score is None:
        score = "top1" if known == present else "verification"
    if score == "top1" and known != present:
        raise ValueError(
            f"top1 needs images of the {known or 'no'} classes that the student knows; these have "
            f"{present}. Give other images, or score 'verification'."
        )
    if score not in ("top1", "verification"):
        raise ValueError(f"Expected score to be 'top1' or 'verification'; got {score!r}.")
    return score


def recognition_scores(kind, outputs, labels):
    """Shares: top 1, or AUC and true accepts of verification."""
    if kind == "top1":
        return {"top1": float(np.mean(outputs["logits"].argmax(1) == labels))}
    count = min(len(labels), MOST_PAIRED)
    chosen = np.unique(np.linspace(0, len(labels) - 1, count).round().astype(int))
    pairs, same = all_pairs(labels[chosen])
    similarities = pair_similarities(outputs["embedding"][chosen], pairs)
    return {
        "auc": roc_auc(same, similarities),
        f"tar@far={FAR:g}": tar_at_far(same, similarities, FAR),
    }
