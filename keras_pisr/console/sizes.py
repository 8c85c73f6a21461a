"""Sizes of images in messages and tables: with names, because 640x360 is read in both orders."""


def told_size(size):
    """A size `(height, width)` in words.

    Example:
        >>> told_size((360, 640))
        'height 360, width 640'
    """
    height, width = size
    return f"height {height}, width {width}"
