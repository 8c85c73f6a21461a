"""The networks of a HORKD recipe, of one family, so that a student can start from an assistant."""

import dataclasses

import keras_pisr as kp


@dataclasses.dataclass(frozen=True)
class Networks:
    """Makes the networks of a run.

    All are ResNets with one block per stage after a stem that divides the resolution by four.

    Attributes:
        settings: Settings of the recipe.
        classes: Number of classes of the training images.
        channels: Number of channels of the images.
    """

    settings: object
    classes: int
    channels: int

    def resnet(self, widths, **kwargs):
        """A ResNet of the family."""
        return kp.models.ResNet(
            self.classes,
            blocks=(1,) * len(widths),
            widths=widths,
            stem="large",
            channels=self.channels,
            **kwargs,
        )

    def teacher(self):
        """A wide network for HR images."""
        teacher = self.resnet(self.settings.teacher_widths, name="teacher")
        return with_weights_of(teacher, self.settings.pretrained_teacher)

    def assistant(self):
        """A network with the student's weights, for HR images."""
        assistant = self.resnet(self.settings.widths, name="assistant")
        return with_weights_of(assistant, self.settings.pretrained_assistant)

    def student(self):
        """A network for LR images, which it enlarges itself."""
        factor = self.settings.lr_factor
        return self.resnet(self.settings.widths, upsampling=factor, name="student")


def with_weights_of(model, path):
    """Give a network the weights of a saved network for other classes, except those of the logits.

    A network for colour images becomes one for gray images that computes the same for gray images.

    Args:
        model: A new network.
        path: A `.keras` file, or None to leave the network unchanged.

    Returns:
        `model`.

    Raises:
        ValueError: If the two networks do not have the same architecture.
    """
    if path is None:
        return model
    pretrained = kp.load_student(path)
    theirs = {layer.name: layer.get_weights() for layer in pretrained.layers}
    gray = pretrained.input_shape[-1] == 3 and model.input_shape[-1] == 1
    for layer in model.layers:
        ours = [weight.shape for weight in layer.get_weights()]
        if not ours or layer.name == "logits":
            continue
        weights = theirs.get(layer.name, [])
        if gray and weights and weights[0].shape[-2:-1] == (3,):
            weights = [weights[0].sum(axis=-2, keepdims=True), *weights[1:]]
        if [weight.shape for weight in weights] != ours:
            raise ValueError(
                f"{path} differs in layer {layer.name!r} from the {model.name} that should start "
                "from it: give both the same widths, and --gray."
            )
        layer.set_weights(weights)
    return model
