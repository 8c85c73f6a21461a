"""The teacher of PISR: it sees the HR image, and squeezes it into a LR-sized code."""

import keras
from keras import layers

from keras_pisr.models.fsrcnn import convolution, prelu


@keras.saving.register_keras_serializable(package="keras_pisr")
class PrivilegedTeacher(keras.Model):
    """An encoder from the HR image to a compact code, and a decoder back to the HR image.

    The encoder (86,084 parameters) learns to subsample: its output has the shape of the LR
    image. The decoder has the student's architecture and sees the code alone, so what it
    computes is within the student's reach. With FSRCNN the teacher has 98,728 parameters.

    Args:
        decoder: An image-to-image Keras model, `(batch, h, w, 1)` to
            `(batch, scale * h, scale * w, 1)`, usually `FSRCNN`. It is trained: pass one of
            its own, not the student.
        scale: Upscaling factor of `decoder`; needed where `decoder.scale` does not exist.
        **kwargs: Of `keras.Model`.

    Attributes:
        encoder: Model from HR luma to the code, `(batch, height / scale, width / scale, 1)`.
        decoder: The given model.

    Call arguments:
        inputs: HR luma in `[0, 1]`, `(batch, height, width, 1)`; height and width must be
            multiples of `scale`.

    Returns:
        Reconstructed luma, the shape of `inputs`.

    Raises:
        ValueError: If the scale is not known.

    Example:
    >>> teacher = keras_pisr.models.PrivilegedTeacher(keras_pisr.models.FSRCNN(scale=2))
    >>> teacher.encoder(np.zeros((1, 48, 64, 1))).shape
    (1, 24, 32, 1)

    Reference:
        Lee et al. 2020, sections 3.1 and 3.2, https://arxiv.org/abs/2007.07524
    """

    def __init__(self, decoder, *, scale=None, **kwargs):
        scale = scale or getattr(decoder, "scale", None)
        if scale is None:
            raise ValueError(
                f"The decoder {decoder.name!r} has no attribute `scale`: "
                "pass `PrivilegedTeacher(decoder, scale=...)`."
            )
        # === Layers ===
        encoder = keras.Sequential(
            [
                keras.Input((None, None, 1), name="hr"),
                convolution(56, 5, 1, "encoder_1_conv", padding="same"),
                prelu("encoder_1"),
                # Padded by hand: "same" would sample other pixels on TensorFlow when strided.
                layers.ZeroPadding2D(2, name="encoder_2_pad"),
                convolution(56, 5, 56, "encoder_2_conv", strides=scale),
                prelu("encoder_2"),
                convolution(12, 3, 56, "encoder_3_conv", padding="same"),
                prelu("encoder_3"),
                convolution(1, 3, 12, "code", padding="same", dtype="float32"),
            ],
            name="encoder",
        )

        # === Functional graph ===
        inputs = keras.Input((None, None, 1), name="hr")
        super().__init__(inputs, decoder(encoder(inputs)), **kwargs)

        # === Config ===
        self.encoder = encoder
        self.decoder = decoder
        self.scale = int(scale)

    def get_config(self):
        """Every argument; the decoder as a serialized Keras object."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "scale": self.scale,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Build from `get_config()`."""
        config = dict(config)
        decoder = keras.saving.deserialize_keras_object(
            config.pop("decoder"), custom_objects=custom_objects
        )
        return cls(decoder, **config)
