"""What is trained: networks in groups that share one program of the device."""

import dataclasses

from horkd.methods import ROWS, weights_of

# The weights of the tables; the recipe for classification has others by default now.
UNTUNED = {"distance_weight": 25.0, "angle_weight": 50.0}
# As in the tables of docs/horkd_results.md, but longer.
TASKS = {
    "classification": {"epochs": 48, "teacher_epochs": 30, **UNTUNED},
    "retrieval": {"train_classes": 30, "per_class": 8, "epochs": 48, "teacher_epochs": 24},
    "faces": {
        "train_classes": 30,
        "batch_size": 60,
        "shift": 10,
        "label_smoothing": 0.1,
        "epochs": 200,
        "teacher_epochs": 40,
    },
}
# What differs in other runs than "curves". Those of "pretrain" are the lengths of the networks from
# which the faces of the tables start.
LENGTHS = {
    "pretrain": {"epochs": 3, "teacher_epochs": 15},
    "tune": {"epochs": 12},
    "sizes": {"epochs": 16},
}
WITH_ASSISTANT = ("start", "takd", "horkd_123", "horkd_3")
TAUGHT = ("rkd", "kd")
# What is tried on held-out images, of HORKD 1 2 3 and of RKD: what multiplies the weights of
# distance, of angle and of the other terms, and whether the first two fade.
CHANGES = {
    "as in the tables": (1, 1, 1, False),
    "relations x 0.1": (0.1, 0.1, 1, False),
    "relations x 0.3": (0.3, 0.3, 1, False),
    "relations x 3": (3, 3, 1, False),
    "relations x 10": (10, 10, 1, False),
    "no angle": (1, 0, 1, False),
    "no distance": (0, 1, 1, False),
    "relations fade": (1, 1, 1, True),
    "relations x 3, fade": (3, 3, 1, True),
    "relations x 10, fade": (10, 10, 1, True),
    "all terms x 0.3": (0.3, 0.3, 0.3, False),
    "all terms x 3": (3, 3, 3, False),
}


@dataclasses.dataclass(frozen=True)
class Part:
    """Networks that are trained together.

    Attributes:
        name: Name in the results; no two parts of one run have the same.
        kind: "teacher"; "alone" (a student without guide); "taught" (students by the teacher);
            "assistants" (on HR images, by the teacher); "students" (each by its own assistant).
        rows: From the name of each network to `(weights, fade)`; see `Replicas.tables`.
        length: How many times the epochs of a step of the method it is trained.
        lr_factor: How many times smaller than the HR images the LR images are; None as in the
            tables.
    """

    name: str
    kind: str
    rows: dict
    length: int = 1
    lr_factor: int | None = None


def plain_rows(names, settings):
    """Rows of methods with the weights of the tables."""
    return {name: (weights_of(ROWS[name], settings), False) for name in names}


def changed_rows(method, settings):
    """A method's rows, one for each of `CHANGES`."""
    rows = {}
    for name, (distance, angle, others, fade) in CHANGES.items():
        factors = {"distance": distance, "angle": angle}
        weights = weights_of(ROWS[method], settings)
        weights = {term: factors.get(term, others) * value for term, value in weights.items()}
        rows[f"{method}: {name}"] = weights, fade
    return rows


def parts_of(what, settings, chosen=None):
    """The parts of a run, in order.

    Args:
        what: "curves", "tune", "tuned", "sizes" or "pretrain".
        settings: The recipe's.
        chosen: For "tuned": from "horkd_123" and "rkd" to the names of the rows that won.
    """
    teacher = Part("teacher", "teacher", {"teacher": ({}, False)})
    plain = Part("plain", "alone", {"plain": ({}, False)})
    if what == "curves":
        with_assistant = plain_rows(WITH_ASSISTANT, settings)
        long = {"plain_long": ({}, False)}
        return [
            teacher,
            plain,
            Part("plain_long", "alone", long, length=2),
            Part("assistants", "assistants", with_assistant),
            Part("students", "students", with_assistant),
            Part("taught", "taught", plain_rows(TAUGHT, settings)),
        ]
    if what == "pretrain":
        return [
            teacher,
            Part("assistants", "assistants", plain_rows(("horkd_123",), settings)),
        ]
    if what == "tune":
        rows = {**plain_rows(("start", "takd"), settings), **changed_rows("horkd_123", settings)}
        return [
            teacher,
            Part("assistants", "assistants", rows),
            Part("students", "students", rows),
            Part("taught", "taught", changed_rows("rkd", settings)),
        ]
    if what == "tuned":
        horkd = {chosen["horkd_123"]: changed_rows("horkd_123", settings)[chosen["horkd_123"]]}
        rkd = {chosen["rkd"]: changed_rows("rkd", settings)[chosen["rkd"]]}
        return [
            Part("tuned assistants", "assistants", horkd),
            Part("tuned students", "students", horkd),
            Part("tuned taught", "taught", rkd),
        ]
    # One program per size: the plain student has weights of 0 and does not start from an assistant.
    rows = {"plain": ({}, False), **plain_rows(("start", "horkd_123"), settings)}
    return [
        Part(f"LR smaller by {factor}", "students", rows, lr_factor=factor) for factor in (4, 8, 2)
    ]
