"""Optimizers that Keras does not have."""

from keras_pisr.optimizers.soap import SOAP

__all__ = ["SOAP"]
