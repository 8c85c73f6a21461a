"""Checks a batch before the backend sees it, with errors in the terms of super-resolution."""


def check_pair(owner, x, y):
    """Raise a `ValueError` unless the batch has a `y`.

    Args:
        owner: The distiller, for the message.
        x: What the phone will see.
        y: What only training sees, or None.
    """
    if y is None:
        raise ValueError(
            f"{type(owner).__name__} learns from pairs (x, y): x is what the phone sees, y "
            "what only training sees. The given data have no y."
        )


def check_sizes(x, y, scale):
    """Raise a `ValueError` unless `y` is `scale` times as large as `x`, if the sizes are known.

    Args:
        x: LR images, `(batch, height, width, channels)`.
        y: HR images, `(batch, scale * height, scale * width, channels)`.
        scale: Upscaling factor; None if the student is not for super-resolution.
    """
    if not isinstance(scale, int):
        return
    sizes = [tuple(getattr(images, "shape", ())[1:3]) for images in (x, y)]
    lr, hr = sizes
    if len(lr) != 2 or len(hr) != 2:
        return
    known = [(small, large) for small, large in zip(lr, hr, strict=True) if small and large]
    if all(large == scale * small for small, large in known):
        return
    swapped = all(small == scale * large for small, large in known)
    raise ValueError(
        f"Expected pairs (lr, hr), hr {scale} times as large as lr; got x of {lr} px and y of "
        f"{hr} px. " + ("Swap the two." if swapped else "Is the model for another scale?")
    )


def check_weight(sample_weight, y):
    """Raise a `ValueError` unless a weight has one value per sample or, for images, one per pixel.

    Args:
        sample_weight: `(batch,)`, `(batch, height, width)`, the same with one channel, or None.
        y: The target of the compiled loss.
    """
    if sample_weight is None:
        return
    if getattr(sample_weight.shape, "rank", 0) is None:
        raise ValueError(
            "`sample_weight` per sample and per pixel cannot alternate in one compiled distiller "
            "on TensorFlow: call `compile` again before you pass the other kind."
        )
    if len(sample_weight.shape) == 1:
        return
    weight, target = tuple(sample_weight.shape), tuple(getattr(y, "shape", ()))
    images = len(target) == 4 and (len(weight) == 3 or (len(weight) == 4 and weight[3] == 1))
    sides = zip(weight[1:3], target[1:3], strict=False)
    if not images or any(a and b and a != b for a, b in sides):
        raise ValueError(
            "`sample_weight` must have one value per sample, (batch,), or, for images, one per "
            f"pixel of y, (batch, height, width); got {weight} beside y of {target}."
        )
