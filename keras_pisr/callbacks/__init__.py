"""Keras callbacks: runs that can be killed, and progress with the time left."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
