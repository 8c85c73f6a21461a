"""Scores of the three HORKD tasks, and their table."""

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

import keras_pisr as kp
from horkd.methods import LABELS

# The first score of each task is its main score.
SCORES = {
    "classification": ("top1", "top5"),
    "retrieval": ("recall@1", "recall@2", "recall@4", "recall@8", "map"),
    "faces": ("rank1", "auc", "accuracy", "tar@far=0.01"),
}


def outputs_of(model, data, *, lr_size=None, batch_size=256):
    """Embeddings and logits of every image, in order, in NumPy.

    Args:
        model: A recognition network.
        data: `LabelledImages`.
        lr_size: `(height, width)` that the network sees; None for the images as they are.
        batch_size: Number of images at a time.
    """
    pairs = kp.data.RecognitionSequence(
        data, lr_size=lr_size or data.images.shape[1:3], batch_size=batch_size, training=False
    )
    batches = (pairs[index] for index in range(len(pairs)))
    parts = [model.predict_on_batch(lr if lr_size else guide["hr"]) for lr, guide in batches]
    return {
        name: np.concatenate([keras.ops.convert_to_numpy(part[name]) for part in parts])
        for name in ("embedding", "logits")
    }


def score(task, outputs, labels):
    """The task's scores, shares in `[0, 1]`."""
    if task == "classification":
        ranks = np.argsort(-outputs["logits"], axis=1, kind="stable")
        hits = ranks[:, :5] == labels[:, None]
        return {"top1": float(hits[:, 0].mean()), "top5": float(hits.any(axis=1).mean())}
    embeddings = outputs["embedding"]
    if task == "retrieval":
        scores = kp.metrics.retrieval_scores(embeddings, labels)
    else:
        scores = kp.metrics.verification_scores(embeddings, labels, fars=(1e-2,))
        scores["rank1"] = mean_identification_rate(embeddings, labels)
    return {name: float(scores[name]) for name in SCORES[task]}


def mean_identification_rate(embeddings, labels):
    """Rank 1 with one image of each class enrolled, as the mean over the choices of this image.

    A single choice has too much influence: with ten people it changes the rate by several points.
    """
    rates = []
    for start in range(np.bincount(labels).min()):
        gallery = kp.metrics.enroll(labels, start=start)
        rates.append(
            kp.metrics.identification_rate(
                embeddings[~gallery], labels[~gallery], embeddings[gallery], labels[gallery]
            )
        )
    return np.mean(rates)


def summary(runs):
    """Mean and sample standard deviation over seeds of every score of every row.

    Args:
        runs: Seed to row to score to value.

    Returns:
        Row to score to `{"mean": ..., "spread": ..., "seeds": ...}`. With one seed, the spread is
        None.
    """
    rows = {}
    for run in runs.values():
        for row, scores in run.items():
            for name, value in scores.items():
                rows.setdefault(row, {}).setdefault(name, []).append(value)
    return {
        row: {
            name: {
                "mean": float(np.mean(values)),
                "spread": float(np.std(values, ddof=1)) if len(values) > 1 else None,
                "seeds": len(values),
            }
            for name, values in scores.items()
        }
        for row, scores in rows.items()
    }


def show(task, title, rows):
    """Print the table, in percent."""
    names = SCORES[task]
    table = Table(title=title)
    table.add_column()
    for name in names:
        table.add_column(name, no_wrap=True)
    for row in (name for name in LABELS if name in rows):
        cells = []
        for name in names:
            cell = rows[row][name]
            spread = "" if cell["spread"] is None else f" ±{100 * cell['spread']:.1f}"
            cells.append(f"{100 * cell['mean']:.1f}{spread}")
        table.add_row(LABELS[row], *cells)
    Console(highlight=False).print(table)
