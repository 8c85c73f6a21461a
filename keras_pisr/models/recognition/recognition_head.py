"""The last layers of every recognition network: features to embedding to logits."""

from keras import layers


def scaled_inputs(inputs):
    """Convert pixels in `[0, 1]` to `[-1, 1]`, as a part of the model."""
    return layers.Rescaling(2.0, offset=-1.0, name="to_unit_range")(inputs)


def recognition_outputs(features, classes, embedding, normalize):
    """Pool a feature map, and name the outputs.

    Args:
        features: `(batch, height, width, channels)`.
        classes: Number of classes; None leaves the logits out.
        embedding: Width of the embedding; None takes the pooled features themselves.
        normalize: Whether to scale the embedding to length 1. Logits are computed before the
            scaling.

    Returns:
        `{"embedding": (batch, embedding), "logits": (batch, classes)}`, float32.
    """
    pooled = layers.GlobalAveragePooling2D(name="pool", data_format="channels_last")(features)
    # The layers compute in float32 even in mixed precision: float16 cannot tell near embeddings
    # apart.
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
