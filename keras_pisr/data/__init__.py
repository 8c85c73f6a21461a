"""Images in: resize, colour, pairs of low and high resolution, and what feeds them to `fit`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
