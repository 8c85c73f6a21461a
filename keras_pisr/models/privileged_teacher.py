"""The teacher of PISR, which squeezes the HR image into a code of the size of the LR image."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from keras_pisr.models.fsrcnn import convolution, prelu
from keras_pisr.models.presettable import Presettable


@keras.saving.register_keras_serializable(package="keras_pisr")
class PrivilegedTeacher(Presettable, keras.Model):
    """An encoder from the HR image to a compact code, and a decoder back to the HR image.

    The encoder (86,084 parameters) learns to subsample: its output has the shape of the LR
    image. The decoder has the student's architecture and sees only the code, so a student could
    learn to compute the same. With FSRCNN the teacher has 98,728 parameters.

    Args:
        decoder: An image-to-image Keras model, `(batch, h, w, 1)` to
            `(batch, scale * h, scale * w, 1)`, usually `FSRCNN`. It is trained, so pass
            a model of its own and not the student. Its channels are those of the images: 1 for
            luma, 3 for RGB.
        encoder: A model from the HR image to the code, if the one described above does not
            fit: `(batch, scale * h, scale * w, channels)` to the input of the decoder.
        scale: Upscaling factor of `decoder`; needed if `decoder.scale` does not exist.
        **kwargs: Passed on to `keras.Model`.

    Attributes:
        encoder: Model from the HR image to the code, `(batch, height / scale, width / scale,
            channels)`.
        decoder: The given model.

    Call arguments:
        inputs: HR images in `[0, 1]`, `(batch, height, width, channels)`; height and width must
            be multiples of `scale`.

    Returns:
        Reconstructed images, the shape of `inputs`.

    Raises:
        ValueError: If the scale is not known, the decoder has no graph, or several inputs or
            outputs.

    Example:
    >>> teacher = keras_pisr.models.PrivilegedTeacher(keras_pisr.models.FSRCNN(scale=2))
    >>> tuple(teacher.encoder(np.zeros((1, 48, 64, 1))).shape)
    (1, 24, 32, 1)

    Reference:
        Lee et al. 2020, sections 3.1 and 3.2, https://arxiv.org/abs/2007.07524
    """

    def __init__(
        self,
        decoder: keras.Model,
        *,
        encoder: keras.Model | None = None,
        scale: int | None = None,
        **kwargs: Any,
    ) -> None:
        scale = scale or getattr(decoder, "scale", None)
        if scale is None:
            raise ValueError(
                f"The decoder {decoder.name!r} has no attribute `scale`: "
                "pass `PrivilegedTeacher(decoder, scale=...)`."
            )
        if any(len(getattr(decoder, side, None) or ()) != 1 for side in ("inputs", "outputs")):
            raise ValueError(
                f"Expected a functional or Sequential decoder with one input and one output; "
                f"{decoder.name!r} is not one. Begin it with a `keras.Input`."
            )
        lr_channels, hr_channels = decoder.inputs[0].shape[-1], decoder.outputs[0].shape[-1]

        # === Layers ===
        own = encoder is not None
        encoder = encoder or keras.Sequential(
            [
                keras.Input((None, None, hr_channels), name="hr"),
                convolution(56, 5, hr_channels, "encoder_1_conv", padding="same"),
                prelu("encoder_1"),
                # Padding is explicit, because strided "same" would sample other pixels on
                # TensorFlow.
                layers.ZeroPadding2D(2, name="encoder_2_pad", data_format="channels_last"),
                convolution(56, 5, 56, "encoder_2_conv", strides=scale),
                prelu("encoder_2"),
                convolution(12, 3, 56, "encoder_3_conv", padding="same"),
                prelu("encoder_3"),
                convolution(lr_channels, 3, 12, "code", padding="same", dtype="float32"),
            ],
            name="encoder",
        )

        # === Functional graph ===
        inputs = keras.Input((None, None, hr_channels), name="hr")
        super().__init__(inputs, decoder(encoder(inputs)), **kwargs)

        # === Config ===
        self.encoder = encoder
        self.decoder = decoder
        self.scale = int(scale)
        self.has_own_encoder = own

    def get_config(self) -> dict[str, Any]:
        """Every argument; the models as serialized Keras objects."""
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "trainable": self.trainable,
            "decoder": serialize(self.decoder),
            "scale": self.scale,
            **({"encoder": serialize(self.encoder)} if self.has_own_encoder else {}),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> PrivilegedTeacher:
        """Build from `get_config()`."""
        models = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in ("decoder", "encoder")
            if config.get(name) is not None
        }
        return cls(**{**config, **models})
