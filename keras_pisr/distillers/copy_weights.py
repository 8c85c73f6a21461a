"""Start a network where another one ended."""


def copy_weights(source, target, *, otherwise):
    """Give `target` the weights of `source`.

    Args:
        source: A Keras model.
        target: A Keras model of the same architecture.
        otherwise: What to do where they do not fit, the end of the error's sentence.

    Raises:
        ValueError: If the two do not have weights of the same shapes.
    """
    shapes = [[tuple(weight.shape) for weight in model.weights] for model in (source, target)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"{target.name!r} does not have the weights of {source.name!r}, so it cannot start "
            f"from them: give both one architecture, or {otherwise}."
        )
    target.set_weights(source.get_weights())
