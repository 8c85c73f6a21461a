"""Bounds of a network's arguments, because a configuration may come from an untrusted file."""

# These are far beyond any network for a phone, and such networks are still built within seconds.
MOST_LAYERS = 256
MOST_CHANNELS = 2**13
MOST_SCALE = 64
MOST_KERNEL = 255


def check_count(name, value, most, least=1):
    """A whole number within bounds, as an `int`.

    Args:
        name: Name of the argument, for the message.
        value: Value of the argument.
        most: Largest number allowed.
        least: Smallest number allowed.

    Raises:
        ValueError: If the value is not a whole number, or is out of bounds.
    """
    whole = not isinstance(value, bool) and hasattr(value, "__int__") and not isinstance(value, str)
    if not whole or int(value) != value or not least <= value <= most:
        raise ValueError(f"`{name}` must be a whole number from {least} to {most}; got {value!r}.")
    return int(value)
