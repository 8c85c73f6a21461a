"""The end that every recognition network shares: features to embedding to logits."""

from keras import layers


def scaled_inputs(inputs):
    """Pixels in `[0, 1]` to `[-1, 1]`, inside the model, so that it ships with it."""
    return layers.Rescaling(2.0, offset=-1.0, name="to_unit_range")(inputs)


def recognition_outputs(features, classes, embedding, normalize):
    """Pool a feature map and name what comes out.

    Args:
        features: `(batch, height, width, channels)`.
        classes: Number of classes; None leaves the logits out.
        embedding: Width of the embedding; None takes the pooled features themselves.
        normalize: Whether to scale the embedding to length 1. Logits see it before.

    Returns:
        `{"embedding": (batch, embedding), "logits": (batch, classes)}`, float32.
    """
    pooled = layers.GlobalAveragePooling2D(name="pool", data_format="channels_last")(features)
    # float32 also under mixed precision: float16 cannot tell near embeddings apart.
    if embedding is None:
        raw = layers.Activation("linear", dtype="float32", name="pooled")(pooled)
    else:
        raw = layers.Dense(embedding, dtype="float32", name="projection")(pooled)
    outputs = {"embedding": raw}
    if normalize:
        outputs["embedding"] = layers.UnitNormalization(dtype="float32", name="unit")(raw)
    if classes is not None:
        outputs["logits"] = layers.Dense(classes, dtype="float32", name="logits")(raw)
    return outputs
