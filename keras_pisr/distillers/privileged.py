"""PISR: a teacher that sees the HR image, then a student that learns its features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from keras_pisr.distillers.copy_weights import copy_weights
from keras_pisr.distillers.distiller import Distiller
from keras_pisr.losses.likelihood import LaplaceNLL, LikelihoodLoss
from keras_pisr.models.feature_tap import tap
from keras_pisr.models.location_scale import LocationScale

if TYPE_CHECKING:
    from keras_pisr.models.privileged_teacher import PrivilegedTeacher


def weight_per_pixel(sample_weight, feature):
    """`sample_weight` for a loss per pixel of a feature, whose size divides that of HR."""
    if sample_weight is not None and len(sample_weight.shape) > 1:
        size = ops.shape(feature)
        # HR pixels per pixel of the feature: the scale, or 1 in a network that works at HR size.
        side = ops.shape(sample_weight)[1] // size[1]
        blocks = ops.reshape(sample_weight, (-1, size[1], side, size[2], side))
        return ops.mean(blocks, axis=(2, 4))
    return Distiller.spread_over_pixels(sample_weight, feature)


def layer_to_distil(model):
    """The name of the layer that is distilled by default.

    Raises:
        ValueError: If the model has no layer of such a name.
    """
    names = [layer.name for layer in model.layers]
    for name in ("features", "expanding"):
        if name in names:
            return name
    raise ValueError(
        f"{model.name!r} has no layer 'features' or 'expanding': pass `feature=`, the name of the "
        f"layer to distil. Its layers are {', '.join(names)}."
    )


class PrivilegedTeacherTrainer(Distiller):
    """Stage 1: the teacher reconstructs the HR image through a LR-sized code.

    `loss(hr, decoder(encoder(hr))) + imitation_weight * mean|encoder(hr) - lr|`: the second
    term keeps the code similar to the LR image that the student will see. Data are pairs
    `(lr, hr)`. Metrics measure the reconstruction.

    Args:
        teacher: A `PrivilegedTeacher`.
        imitation_weight: Weight of the imitation term; 0 turns it off.
        **kwargs: Passed on to `keras.Model`.

    Example:
        teacher = kp.models.PrivilegedTeacher(kp.models.FSRCNN(scale=2))
        trainer = kp.distillers.PrivilegedTeacherTrainer(teacher)
        trainer.compile("adam", loss="mae", metrics=[kp.metrics.PSNR(shave=2)])
        trainer.fit(pairs, epochs=100)

    Reference:
        Lee et al. 2020, section 3.2, https://arxiv.org/abs/2007.07524
    """

    def __init__(
        self, teacher: PrivilegedTeacher, *, imitation_weight: float = 1e-4, **kwargs: Any
    ) -> None:
        super().__init__(teacher, term_names=("imitation",), main_term="reconstruction", **kwargs)
        self.imitation_weight = imitation_weight
        self.imitation_loss = keras.losses.MeanAbsoluteError()

    def call(self, x: Any, training: bool = False) -> Any:
        """Output of the decoder for a LR image."""
        return self.student.decoder(x, training=training)

    def streams(self, x: Any, y: Any, training: bool) -> Any:
        """The code and the reconstruction of the HR image."""
        code = self.student.encoder(y, training=training)
        return {"code": code, "output": self.student.decoder(code, training=training)}

    def terms(self, outputs: Any, guidance: Any, x: Any, sample_weight: Any) -> dict[str, Any]:
        """The imitation term."""
        weight = weight_per_pixel(sample_weight, outputs["code"])
        imitation = self.imitation_loss(x, outputs["code"], sample_weight=weight)
        return {"imitation": self.imitation_weight * imitation}


class PrivilegedDistiller(Distiller):
    """Stage 2: the student reconstructs, and explains the teacher's features.

    `loss(hr, student(lr)) + distillation_weight * feature_loss(teacher feature | student
    feature)`. Data are pairs `(lr, hr)`; the teacher is frozen and sees the HR image through its
    encoder. Nothing in the student is frozen. Deploy `student`.

    Args:
        teacher: A trained `PrivilegedTeacher`.
        student: The model to train, with the decoder's architecture if it is to start from
            the decoder's weights.
        feature: Name of the layer whose output is distilled; by default `features`, or
            `expanding` in an FSRCNN.
        teacher_feature: The same in the teacher's decoder; by default `feature`, or the decoder's
            own default if `feature` is not given.
        feature_loss: A `LaplaceNLL` (the default) or `GaussianNLL`, which compares the
            teacher's feature with the distribution that a `LocationScale` head predicts; or
            any Keras loss (`keras.losses.MeanAbsoluteError()`, `MeanSquaredError()`), which
            compares the features themselves and needs equal widths.
        distillation_weight: Weight of the feature loss; 0 turns it off, and the teacher is
            then not run.
        start_from_decoder: Copy the decoder's weights into the student.
        **kwargs: Passed on to `keras.Model`.

    Raises:
        ValueError: If a feature does not exist, widths do not match, or the decoder's weights
            do not fit the student.

    Example:
        student = kp.models.FSRCNN(scale=2)
        distiller = kp.distillers.PrivilegedDistiller(teacher=teacher, student=student)
        distiller.compile("adam", loss="mae", metrics=[kp.metrics.PSNR(shave=2)])
        distiller.fit(pairs, epochs=100)
        student.save("student.keras")

    Reference:
        Lee et al. 2020, section 3.3, https://arxiv.org/abs/2007.07524
    """

    def __init__(
        self,
        *,
        teacher: PrivilegedTeacher,
        student: keras.Model,
        feature: str | None = None,
        teacher_feature: str | None = None,
        feature_loss: keras.losses.Loss | None = None,
        distillation_weight: float = 1e-6,
        start_from_decoder: bool = True,
        **kwargs: Any,
    ) -> None:
        distils = distillation_weight != 0
        super().__init__(
            student,
            guides=[teacher],
            term_names=("distillation",) if distils else (),
            main_term="reconstruction",
            **kwargs,
        )
        self.teacher = teacher
        self.scale = teacher.scale
        self.feature, self.teacher_feature = feature, teacher_feature or feature
        self.feature_loss = feature_loss or LaplaceNLL()
        self.distillation_weight = distillation_weight
        if start_from_decoder:
            copy_weights(teacher.decoder, student, otherwise="pass `start_from_decoder=False`")
        self.estimator: LocationScale | None = None
        if distils:
            self.feature = self.feature or layer_to_distil(student)
            self.teacher_feature = self.teacher_feature or layer_to_distil(teacher.decoder)
            self.tapped_student = tap(student, [self.feature])
            self.tapped_decoder = tap(teacher.decoder, [self.teacher_feature], output=False)
            self.build_estimator()

    def build_estimator(self) -> None:
        """Create the `LocationScale` head that a likelihood needs, or check the widths."""
        ours = self.tapped_student.output[self.feature].shape
        theirs = self.tapped_decoder.output[self.teacher_feature].shape
        if isinstance(self.feature_loss, LikelihoodLoss):
            estimator = LocationScale(theirs[-1], spread=self.feature_loss.spread, name="estimator")
            estimator.build(ours)
            self.estimator = estimator
        elif ours[-1] != theirs[-1]:
            raise ValueError(
                f"{self.feature_loss.name} compares features of equal width; the student's "
                f"{self.feature!r} has {ours[-1]} channels, the teacher's "
                f"{self.teacher_feature!r} {theirs[-1]}. Use `LaplaceNLL()` or `GaussianNLL()`, "
                "whose heads map one to the other."
            )

    def guidance(self, x: Any, y: Any) -> Any:
        """The teacher's feature for the HR image."""
        if self.distillation_weight == 0:
            return {}
        code = self.teacher.encoder(y, training=False)
        return {"feature": self.tapped_decoder(code, training=False)[self.teacher_feature]}

    def streams(self, x: Any, y: Any, training: bool) -> Any:
        """The student's image and, from the same pass, its feature or what the head predicts."""
        if self.distillation_weight == 0:
            return super().streams(x, y, training)
        outputs = self.tapped_student(x, training=training)
        feature = outputs[self.feature]
        if self.estimator is not None:
            feature = self.estimator(feature, training=training)
        return {"output": outputs["output"], "feature": feature}

    def terms(self, outputs: Any, guidance: Any, x: Any, sample_weight: Any) -> dict[str, Any]:
        """The distillation term."""
        if self.distillation_weight == 0:
            return {}
        theirs, ours = guidance["feature"], outputs["feature"]
        if self.estimator is None:
            sample_weight = weight_per_pixel(sample_weight, theirs)
        elif sample_weight is not None and len(sample_weight.shape) > 1:
            # A likelihood has one value per sample; here each pixel counts as a sample.
            sample_weight = ops.reshape(weight_per_pixel(sample_weight, theirs), (-1,))
            theirs, *ours = (
                ops.reshape(part, (-1, 1, 1, part.shape[-1])) for part in (theirs, *ours)
            )
        distillation = self.feature_loss(theirs, ours, sample_weight=sample_weight)
        return {"distillation": self.distillation_weight * distillation}
