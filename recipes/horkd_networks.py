"""The networks of a HORKD recipe: one family, so that a student can start from an assistant."""

import dataclasses

import keras_pisr as kp


@dataclasses.dataclass(frozen=True)
class Networks:
    """Makes the networks of a run.

    All are ResNets of one block a stage behind a stem that divides the image by four.

    Attributes:
        settings: The recipe's.
        classes: Of the training images.
        channels: Of the images.
    """

    settings: object
    classes: int
    channels: int

    def resnet(self, widths, **kwargs):
        """One of the family."""
        return kp.models.ResNet(
            self.classes,
            blocks=(1,) * len(widths),
            widths=widths,
            stem="large",
            channels=self.channels,
            **kwargs,
        )

    def teacher(self):
        """Wide, for HR images."""
        return self.resnet(self.settings.teacher_widths, name="teacher")

    def assistant(self):
        """The student's weights, for HR images."""
        return self.resnet(self.settings.widths, name="assistant")

    def student(self):
        """For LR images, which it enlarges itself."""
        factor = self.settings.lr_factor
        return self.resnet(self.settings.widths, upsampling=factor, name="student")
