"""The methods that a HORKD recipe compares: guides of the student, and terms of the loss."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Method:
    """One row of the table.

    Attributes:
        label: Name of the method in the table.
        terms: Distillation terms of both steps.
        assistant: Whether there is a first step, teacher to assistant, on HR images; the
            student then starts from the assistant.
        epochs: Factor on the number of epochs of one step for the student.
    """

    label: str
    terms: tuple[str, ...] = ()
    assistant: bool = False
    epochs: int = 1


ROWS = {
    "plain": Method("student alone"),
    "plain_long": Method("alone, budget of both steps", epochs=2),
    "start": Method("alone, from a network trained on HR", assistant=True),
    "kd": Method("logit KD", ("logits",)),
    "rkd": Method("RKD: distance and angle", ("distance", "angle")),
    "takd": Method("teacher-assistant KD, no relations", ("logits",), True),
    "horkd_1": Method("HORKD 1", ("logits", "individual"), True),
    "horkd_2": Method("HORKD 2", ("logits", "distance"), True),
    "horkd_3": Method("HORKD 3", ("logits", "angle"), True),
    "horkd_12": Method("HORKD 1 2", ("logits", "individual", "distance"), True),
    "horkd_123": Method("HORKD 1 2 3", ("logits", "individual", "distance", "angle"), True),
    "horkd_123_no_assistant": Method(
        "HORKD 1 2 3, no assistant", ("logits", "individual", "distance", "angle")
    ),
}

# Names of rows in the table. The first are upper bounds, which see HR images when they are scored.
LABELS = {
    "teacher": "teacher, on HR",
    "assistant_start": "assistant alone, on HR",
    "assistant_horkd_123": "assistant of HORKD 1 2 3, on HR",
    **{name: row.label for name, row in ROWS.items()},
}


def weights_of(method, settings):
    """The weights of the method's terms."""
    return {term: getattr(settings, f"{term}_weight") for term in method.terms}
