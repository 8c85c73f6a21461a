"""Trains students in simulated 8 bit."""

from keras_pisr.forms.int8.quantized import quantized_form, settle_ranges
from keras_pisr.mobile.quantize.fine_tuning import fine_tune

__all__ = ["fine_tune", "quantized_form", "settle_ranges"]
