"""Bounds of what a network may be built of: a configuration may come from a stranger's file."""

# Far beyond any network for a phone, and still built within seconds.
MOST_LAYERS = 256
MOST_CHANNELS = 2**13
MOST_SCALE = 64
MOST_KERNEL = 255


def check_count(name, value, most, least=1):
    """A whole number within bounds, as an `int`.

    Args:
        name: What the argument is called, for the message.
        value: What was given.
        most: Largest number allowed.
        least: Smallest number allowed.

    Raises:
        ValueError: If the value is no whole number, or out of bounds.
    """
    whole = not isinstance(value, bool) and hasattr(value, "__int__") and not isinstance(value, str)
    if not whole or int(value) != value or not least <= value <= most:
        raise ValueError(f"`{name}` must be a whole number from {least} to {most}; got {value!r}.")
    return int(value)
