"""Any `keras.applications` network as a teacher with an embedding and logits."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from keras_pisr.models.presettable import Presettable
from keras_pisr.models.recognition.recognition_head import recognition_outputs

# ImageNet means and deviations of RGB in [0, 1], as in `keras.applications`' preprocessing.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
# The same means for BGR in [0, 255], as weights converted from Caffe need them.
CAFFE_MEAN = (103.939, 116.779, 123.68)

PREPROCESSING = ("none", "255", "tf", "torch", "caffe")


def preprocess(images, mode):
    """Convert pixels in `[0, 1]` to the range on which the backbone was trained."""
    if mode == "none":
        return images
    if mode == "tf":
        return layers.Rescaling(2.0, offset=-1.0, name="preprocess")(images)
    if mode == "torch":
        variance = [deviation**2 for deviation in DEVIATION]
        return layers.Normalization(mean=MEAN, variance=variance, name="preprocess")(images)
    images = layers.Rescaling(255.0, name="to_255")(images)
    if mode == "caffe":
        offset = layers.Normalization(mean=CAFFE_MEAN, variance=(1, 1, 1), name="preprocess")
        return offset(keras.ops.flip(images, axis=-1))
    return images


@keras.saving.register_keras_serializable(package="keras_pisr")
class BackboneRecognizer(Presettable, keras.Model):
    """A feature extractor with an embedding and logits after it.

    Args:
        backbone: A model from images to a feature map `(batch, height, width, channels)`:
            for example `keras.applications.ResNet50(include_top=False, weights=None)`. The caller
            chooses its weights; nothing is downloaded here.
        classes: Number of classes; None leaves the logits out.
        preprocessing: The input that the backbone's weights expect: `"caffe"` for VGG and ResNet
            V1, `"tf"` for ResNet V2, Inception and MobileNet V1 and V2, `"torch"` for DenseNet,
            `"255"` for networks that scale pixels themselves (EfficientNet, ConvNeXt, MobileNet
            V3), `"none"` for a model of this package or one that takes `[0, 1]`.
        embedding: Width of the embedding; None takes the pooled features.
        normalize: Whether the embedding has length 1.
        **kwargs: Passed on to `keras.Model`.

    Call arguments:
        inputs: RGB in `[0, 1]`, `(batch, height, width, 3)`, of the sizes the backbone takes.

    Returns:
        `{"embedding": (batch, embedding), "logits": (batch, classes)}`, float32.

    Raises:
        ValueError: If the backbone's output is not a feature map, or the preprocessing is
            none of the above.

    Example:

        backbone = keras.applications.ResNet50(include_top=False, weights="imagenet")
        teacher = kp.models.BackboneRecognizer(backbone, 100, preprocessing="caffe")
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int | None = None,
        *,
        preprocessing: str = "none",
        embedding: int | None = None,
        normalize: bool = False,
        **kwargs: Any,
    ) -> None:
        if preprocessing not in PREPROCESSING:
            raise ValueError(
                f"`preprocessing` must be one of {PREPROCESSING}, got {preprocessing!r}."
            )
        shape = getattr(backbone.output, "shape", ())
        if len(shape) != 4:
            raise ValueError(
                "`backbone` must put out one feature map (batch, height, width, channels); "
                f"got {backbone.output}. Build it with `include_top=False, pooling=None`."
            )

        # === Functional graph ===
        inputs = keras.Input(backbone.input.shape[1:], name="image")
        features = backbone(preprocess(inputs, preprocessing))
        outputs = recognition_outputs(features, classes, embedding, normalize)
        super().__init__(inputs, outputs, **kwargs)

        # === Config ===
        self.backbone = backbone
        self.classes = classes
        self.preprocessing = preprocessing
        self.embedding = embedding
        self.normalize = normalize

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "classes": self.classes,
            "preprocessing": self.preprocessing,
            "embedding": self.embedding,
            "normalize": self.normalize,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> BackboneRecognizer:
        """Build from `get_config()`."""
        backbone = keras.saving.deserialize_keras_object(config["backbone"], custom_objects)
        return cls(**{**config, "backbone": backbone})
