"""The networks of the map, and a distiller whose guide can be set in more ways than PISR's."""

import keras
from keras import ops

import keras_pisr as kp

NETWORKS = {
    "plain_tiny": lambda scale: kp.models.PlainSR(scale=scale, body_layers=2),
    "plain_small": lambda scale: kp.models.PlainSR(scale=scale),
    "plain_medium": lambda scale: kp.models.PlainSR(scale=scale, size="medium"),
    "fsrcnn": lambda scale: kp.models.FSRCNN(scale=scale, slope_per_channel=True),
}


class Guided(kp.distillers.Distiller):
    """A student beside any guide, whose weight can be set while it trains.

    Args:
        student: The student.
        teacher: A `PrivilegedTeacher`, or a network that sees the LR image.
        guide: "feature" or "output"; see `Trial`.
        layers: Names of the layers that are distilled.
        weight: Weight of each of the guide's terms.
    """

    def __init__(self, student, teacher, *, guide, layers, weight, **kwargs):
        names = [f"guide_{name}" for name in layers] if guide == "feature" else ["guide_output"]
        super().__init__(
            student, guides=[teacher], term_names=names, main_term="reconstruction", **kwargs
        )
        self.teacher = teacher
        self.guide = guide
        self.layer_names = layers
        self.weight = self.add_weight(shape=(), initializer="zeros", trainable=False, name="weight")
        self.weight.assign(weight)
        self.loss_function = kp.losses.LaplaceNLL()
        privileged = isinstance(teacher, kp.models.PrivilegedTeacher)
        self.encoder = teacher.encoder if privileged else None
        upscaler = teacher.decoder if privileged else teacher
        if guide == "output":
            self.tapped_teacher, self.tapped_student, self.heads = upscaler, None, []
            return
        self.tapped_teacher = kp.models.tap(upscaler, layers, output=False)
        self.tapped_student = kp.models.tap(student, layers)
        self.heads = []
        for name in layers:
            head = kp.models.LocationScale(
                upscaler.get_layer(name).output.shape[-1], name=f"head_{name}"
            )
            head.build(student.get_layer(name).output.shape)
            self.heads.append(head)

    def guidance(self, x, y):
        """What the teacher makes of the HR image, or a larger network of the LR image."""
        seen = self.encoder(y, training=False) if self.encoder is not None else x
        return {"teacher": self.tapped_teacher(seen, training=False)}

    def streams(self, x, y, training):
        """The student's image and its features."""
        if self.tapped_student is None:
            return super().streams(x, y, training)
        return self.tapped_student(x, training=training)

    def terms(self, outputs, guidance, x, sample_weight):
        """One term per layer, or one for the output."""
        theirs = guidance["teacher"]
        if self.guide == "output":
            return {"guide_output": self.weight * ops.mean(ops.abs(theirs - outputs["output"]))}
        terms = {}
        for name, head in zip(self.layer_names, self.heads, strict=True):
            nll = self.loss_function(theirs[name], head(outputs[name]))
            terms[f"guide_{name}"] = self.weight * nll / len(self.heads)
        return terms


class Fade(keras.callbacks.Callback):
    """Lets the weight of a `Guided` fall linearly, epoch by epoch, to zero in the last."""

    def on_train_begin(self, logs=None):
        """Remember the weight that is given."""
        self.whole = float(self.model.weight)

    def on_epoch_begin(self, epoch, logs=None):
        """Set the weight of this epoch."""
        self.model.weight.assign(self.whole * (1 - epoch / (self.params["epochs"] - 1)))


def balanced_weight(distiller, batches, share):
    """The weight with which the guide's gradient is `share` times as long as the other's.

    Args:
        distiller: A compiled `Guided`.
        batches: Pairs `(lr, hr)` over which the lengths are averaged.
        share: Length of the guide's gradient in the student's weights over that of the
            reconstruction's.
    """
    import tensorflow as tf

    distiller.weight.assign(1.0)
    weights = distiller.student.trainable_weights
    main = guided = 0.0
    for x, y in batches:
        guidance = distiller.guidance(x, y)
        with tf.GradientTape(persistent=True) as tape:
            terms, _ = distiller.compute_terms(x, y, guidance, None, training=True)
            own = terms.pop("reconstruction")
            others = sum(terms.values())
        main += float(tf.linalg.global_norm(tape.gradient(own, weights)))
        gradients = tape.gradient(others, weights)
        guided += float(tf.linalg.global_norm([g for g in gradients if g is not None]))
    return share * main / guided
