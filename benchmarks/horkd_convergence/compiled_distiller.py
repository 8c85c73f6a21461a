"""The distillers of the recipe's steps, compiled, with every term at weight 1."""

import keras

import keras_pisr as kp
from horkd.run import alone, crossentropy


def builder(kind, networks, settings, classes, guide):
    """Function that makes the compiled distiller of a kind, as the recipe makes it.

    Args:
        kind: See `parts.Part`.
        networks: The recipe's `Networks`.
        settings: The recipe's.
        classes: How many classes the labels name.
        guide: The network that teaches; None if there is none.
    """
    terms = ["logits", "distance", "angle"]
    if kind != "taught":
        terms.append("individual")
    options = {
        "distillation_loss_weights": dict.fromkeys(terms, 1.0),
        "distillation_losses": {"logits": kp.losses.LogitLoss(settings.temperature)},
    }

    def build():
        if kind == "teacher":
            distiller = alone(networks.teacher(), student_sees="hr")[1]
        elif kind == "alone":
            distiller = alone(networks.student())[1]
        elif kind == "assistants":
            distiller = kp.distillers.HybridOrderDistiller(
                student=networks.assistant(), teacher=guide, student_sees="hr", **options
            )
        elif kind == "taught":
            distiller = kp.distillers.HybridOrderDistiller(
                student=networks.student(), teacher=guide, **options
            )
        else:
            # Every student starts from its own assistant's weights, later.
            distiller = kp.distillers.HybridOrderDistiller(
                student=networks.student(),
                assistant=guide,
                start_from_assistant=False,
                **options,
            )
        loss = crossentropy(classes, settings.label_smoothing)
        distiller.compile(optimizer=keras.optimizers.Adam(1.0), loss=loss)
        return distiller

    return build
