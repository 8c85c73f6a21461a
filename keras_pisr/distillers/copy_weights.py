"""Copies the weights of one network into another."""


def check_built(role, model):
    """Refuse a model whose weights do not exist yet."""
    if not model.built:
        raise ValueError(
            f"The {role} {model.name!r} has no weights yet. Call it on a batch first, or begin it "
            "with a `keras.Input`."
        )


def copy_weights(source, target, *, otherwise):
    """Give `target` the weights of `source`.

    Args:
        source: A Keras model.
        target: A Keras model of the same architecture.
        otherwise: What to do if they do not fit; it ends the error's sentence.

    Raises:
        ValueError: If one of them has no weights yet, or the two do not have weights of the same
            shapes.
    """
    for model in (source, target):
        check_built("model", model)
    shapes = [[tuple(weight.shape) for weight in model.weights] for model in (source, target)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"{target.name!r} does not have the weights of {source.name!r}, so it cannot start "
            f"from them: give both the same architecture, or {otherwise}."
        )
    target.set_weights(source.get_weights())
