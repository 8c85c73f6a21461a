"""HORKD: a student that sees LR images learns how embeddings of HR images relate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

from keras_pisr.distillers.copy_weights import copy_weights
from keras_pisr.distillers.distiller import Distiller
from keras_pisr.distillers.guide_checks import check_choices, check_guides, check_outputs
from keras_pisr.losses.angle import AngleLoss
from keras_pisr.losses.distance import DistanceLoss
from keras_pisr.losses.individual import IndividualLoss
from keras_pisr.losses.logits import LogitLoss

if TYPE_CHECKING:
    from collections.abc import Mapping


# Name of a term to its loss and to the output of the networks that it compares.
LOSSES = {
    "logits": (LogitLoss, "logits"),
    "individual": (IndividualLoss, "embedding"),
    "distance": (DistanceLoss, "embedding"),
    "angle": (AngleLoss, "embedding"),
}


class HybridOrderDistiller(Distiller):
    """Trains a student on LR images with guides that see the HR images.

    `student_loss_weight * loss(label, student) + sum_n weight_n * loss_n(guide, student)`, over
    the logits and three orders of relations between the embeddings of a batch: `individual`
    (each with its own counterpart), `distance` (pairs), `angle` (triplets). Data are pairs
    `(lr, {"hr": hr, "label": label})`, as `recognition_pairs` makes them; the two images may
    differ in shape. All networks return a dict with `"embedding"` and, if they are used,
    `"logits"`. Deploy `student`.

    The schedule `"sequential"` takes two distillers, one after the other. In the first, the teacher
    guides the assistant, both on HR images (`student=assistant, student_sees="hr"`). In the second,
    the frozen assistant guides the student. `"joint"` trains both in one step: the assistant learns
    from the teacher while the student learns from the current assistant.

    `distillation_loss_weights={}` needs no guide and trains the control on the same data.

    The logs hold the task as `task`, each term under its name, multiplied by its weight, and
    with `"joint"` the assistant's as `assistant_task`, `assistant_distance` and so on. The
    student runs once per step. Only samples of the same batch have relations; if `tf.distribute`
    splits the batch among devices, only samples of the same part. `distance` costs O(batch^2),
    `angle` O(batch^3) operations.

    Args:
        student: The model to train.
        teacher: A trained model for HR images; frozen. Its embedding may have another width.
        assistant: A model for HR images, with the student's architecture if the student is to
            start from it. Frozen, unless the schedule is `"joint"`.
        source: Guide of the student: `"assistant"` (the default if there is one),
            `"teacher"`, or `"both"`, whose terms are then averaged.
        schedule: `"sequential"` or `"joint"`.
        student_sees: `"lr"`, or `"hr"` to train an assistant.
        distillation_loss_weights: Dict from `"logits"`, `"individual"`, `"distance"` and
            `"angle"` to weights. A term that is not named, or has weight 0, is left out. By default
            `{"individual": 1, "distance": 25, "angle": 50}`, without logits, so that networks
            without them can be guides; the recipes add `"logits": 1`.
        distillation_losses: Dict from the same names to Keras losses that replace the default
            ones, e.g. `{"logits": LogitLoss(temperature=2), "angle": AngleLoss(anchors=32)}`.
        student_loss_weight: Weight of the compiled loss; 0 to learn from the guides alone.
        task_output: Output of the student that the compiled loss and metrics compare with the
            label: `"logits"`, or `"embedding"` for a metric-learning loss.
        start_from_assistant: Copy the assistant's weights into the student before training.
            This is the default if there is an assistant.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        ValueError: If the guides do not fit source and schedule, a name is unknown, an output
            is missing, or the assistant's weights do not fit the student.

    Example:
        weights = {"logits": 1, "individual": 1, "distance": 25, "angle": 50}
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

        first = kp.distillers.HybridOrderDistiller(
            teacher=teacher, student=assistant, student_sees="hr",
            distillation_loss_weights=weights,
        )
        first.compile("adam", loss=loss, metrics=["accuracy"])
        first.fit(pairs, epochs=10)

        second = kp.distillers.HybridOrderDistiller(
            assistant=assistant, student=student, distillation_loss_weights=weights
        )
        second.compile("adam", loss=loss, metrics=["accuracy"])
        second.fit(pairs, epochs=10)
        student.save("student.keras")

    Reference:
        A reconstruction of Ge et al. 2020, https://arxiv.org/abs/2409.05384: streams, steps and
        orders are from its abstract, formulas and the weights 25 and 50 of distance and angle
        beside a cross-entropy from Park et al. 2019, https://arxiv.org/abs/1904.05068.
    """

    def __init__(
        self,
        *,
        student: keras.Model,
        teacher: keras.Model | None = None,
        assistant: keras.Model | None = None,
        source: str | None = None,
        schedule: str = "sequential",
        student_sees: str = "lr",
        distillation_loss_weights: Mapping[str, float] | None = None,
        distillation_losses: Mapping[str, keras.losses.Loss] | None = None,
        student_loss_weight: float = 1.0,
        task_output: str = "logits",
        start_from_assistant: bool | None = None,
        **kwargs: Any,
    ) -> None:
        if distillation_loss_weights is None:
            distillation_loss_weights = {"individual": 1.0, "distance": 25.0, "angle": 50.0}
        weights = {name: value for name, value in distillation_loss_weights.items() if value}
        check_names(weights, distillation_losses or {})
        source = source or ("teacher" if assistant is None else "assistant")
        check_choices(source, schedule, student_sees)
        joint = schedule == "joint"
        streams = {"teacher": teacher, "assistant": assistant}
        sources = list(streams) if source == "both" else [source]
        needed = list(streams) if joint else sources if weights else []
        check_guides(streams, needed, source, schedule)
        guides = [teacher, None if joint else assistant]
        of_assistant = [f"assistant_{name}" for name in ("task", *weights)] if joint else []
        super().__init__(
            student,
            guides=[guide for guide in guides if guide is not None],
            term_names=(*weights, *of_assistant),
            **kwargs,
        )
        self.teacher = teacher
        self.assistant = assistant
        self.sources = sources
        self.joint = joint
        # Each step asks for the learners; with the joint schedule the assistant is one of them.
        self.asked = [name for name in needed if weights and not (joint and name == "assistant")]
        self.student_sees = student_sees
        self.task_output = task_output
        self.student_loss_weight = student_loss_weight
        self.weights_of_terms = weights
        self.losses_of_terms = {
            name: (distillation_losses or {}).get(name) or LOSSES[name][0]() for name in weights
        }
        # The generators are attributes, because compiled JAX steps would otherwise draw the same
        # anchors every time.
        self.seed_generators = [
            loss.seed_generator
            for loss in self.losses_of_terms.values()
            if getattr(loss, "seed_generator", None) is not None
        ]
        compared = {LOSSES[name][1] for name in weights}
        learners = {"student": student, **({"assistant": assistant} if joint else {})}
        for role, model in learners.items():
            check_outputs(role, model, {task_output, *compared})
        for role in self.asked:
            check_outputs(role, streams[role], compared)
        if start_from_assistant is None:
            start_from_assistant = assistant is not None
        if start_from_assistant:
            if assistant is None:
                raise ValueError("`start_from_assistant` needs an `assistant`.")
            copy_weights(assistant, student, otherwise="pass `start_from_assistant=False`")
        self.projectors: dict[str, Any] = {}
        if "individual" in weights:
            self.build_projectors(streams)

    def build_projectors(self, streams: Any) -> None:
        """Create a linear map, used only in training, to each guide's width that differs."""
        taught = [("student", self.student, guide) for guide in self.sources]
        if self.joint:
            taught.append(("assistant", self.assistant, "teacher"))
        for role, learner, guide in taught:
            ours = learner.output["embedding"].shape[-1]
            theirs = streams[guide].output["embedding"].shape[-1]
            if ours != theirs:
                projector = layers.Dense(theirs, dtype="float32", name=f"{role}_to_{guide}")
                projector.build((None, ours))
                self.projectors[projector.name] = projector

    def unpack(self, data: Any) -> Any:
        """`(x, y, sample_weight)` with one weight; Keras gives each part of a dict `y` its own."""
        x, y, sample_weight = super().unpack(data)
        return x, y, label_of(sample_weight)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The compiled loss of label and task output, times `student_loss_weight`."""
        task = self.task_of(y_pred)
        loss = super().compute_loss(x, label_of(y), task, label_of(sample_weight), training)
        return self.student_loss_weight * loss

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The compiled metrics of label and task output."""
        task = self.task_of(y_pred)
        return super().compute_metrics(x, label_of(y), task, label_of(sample_weight))

    def task_of(self, outputs: Any) -> Any:
        """The task output, also if Keras passes all outputs of the student."""
        return outputs[self.task_output] if isinstance(outputs, dict) else outputs

    def guidance(self, x: Any, y: Any) -> Any:
        """Outputs of each frozen guide for the HR image; a guide that is not needed is not run."""
        return {name: getattr(self, name)(y["hr"], training=False) for name in self.asked}

    def streams(self, x: Any, y: Any, training: bool) -> Any:
        """The student's outputs and, with the joint schedule, the assistant's."""
        seen = x if self.student_sees == "lr" else y["hr"]
        student = self.student(seen, training=training)
        outputs = {"output": student[self.task_output], "student": student}
        if self.joint and self.assistant is not None:
            outputs["assistant"] = self.assistant(y["hr"], training=training)
            outputs["label"] = y["label"]
        return outputs

    def terms(self, outputs: Any, guidance: Any, x: Any, sample_weight: Any) -> dict[str, Any]:
        """The student's terms and, with the joint schedule, the assistant's."""
        guides = {**guidance}
        terms = {}
        if self.joint:
            assistant = outputs["assistant"]
            guides["assistant"] = keras.tree.map_structure(ops.stop_gradient, assistant)
            task = self.assistant_task(outputs["label"], assistant, sample_weight)
            terms["assistant_task"] = task
            taught = self.relations("assistant", assistant, guides, ["teacher"], sample_weight)
            terms.update({f"assistant_{name}": value for name, value in taught.items()})
        student = outputs["student"]
        return {**self.relations("student", student, guides, self.sources, sample_weight), **terms}

    def assistant_task(self, label: Any, outputs: Any, sample_weight: Any) -> Any:
        """The compiled loss of the assistant."""
        if self._compile_loss is None:
            return ops.zeros(())
        loss = self._compile_loss(label, outputs[self.task_output], sample_weight)
        return self.student_loss_weight * loss

    def relations(
        self, role: str, outputs: Any, guides: Any, sources: Any, sample_weight: Any
    ) -> Any:
        """Every distillation term of one learner, averaged over its guides and weighted."""
        terms = {}
        for name, loss in self.losses_of_terms.items():
            compared = LOSSES[name][1]
            values = []
            for guide in sources:
                ours = outputs[compared]
                if name == "individual" and f"{role}_to_{guide}" in self.projectors:
                    ours = self.projectors[f"{role}_to_{guide}"](ours)
                values.append(loss(guides[guide][compared], ours, sample_weight=sample_weight))
            terms[name] = self.weights_of_terms[name] * sum(values) / len(values)
        return terms


def label_of(y):
    """The label's part of a batch's `y`, or of weights that Keras spread over its parts."""
    return y["label"] if isinstance(y, dict) else y


def check_names(weights, losses):
    """Raise a `ValueError` for terms that do not exist."""
    unknown = sorted({*weights, *losses} - set(LOSSES))
    if unknown:
        raise ValueError(
            f"There is no distillation loss {', '.join(map(repr, unknown))}; known are "
            f"{', '.join(map(repr, LOSSES))}."
        )
