"""8 bit: the simulated form of a student, and training it on in that form."""

from keras_pisr.forms.int8.quantized import quantized_form, settle_ranges
from keras_pisr.mobile.quantize.fine_tuning import fine_tune

__all__ = ["fine_tune", "quantized_form", "settle_ranges"]
