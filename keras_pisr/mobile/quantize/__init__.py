"""8 bit: the simulated form of a student, and training it on in that form."""

from keras_pisr.forms.int8.quantized import quantized_form, settle_ranges

__all__ = ["quantized_form", "settle_ranges"]
