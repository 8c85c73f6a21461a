"""Scores of images on every backend, and of embeddings in NumPy."""

import lazy_loader

# No file bears the name of a function of `__init__.pyi`: importing the file would put the module
# where the function should be.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
