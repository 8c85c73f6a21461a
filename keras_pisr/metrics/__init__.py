"""Scores of images on every backend, and of embeddings in NumPy."""

import lazy_loader

# No file has the name of a function in `__init__.pyi`, because importing the file would replace the
# function by the module.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
