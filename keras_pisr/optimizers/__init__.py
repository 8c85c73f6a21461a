"""Optimizers that Keras does not have."""

from keras_pisr.optimizers.scheduled import scheduled
from keras_pisr.optimizers.soap import SOAP

__all__ = ["SOAP", "scheduled"]
