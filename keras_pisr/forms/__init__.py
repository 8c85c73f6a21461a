"""The same network in another shape: faster on this host, fit for a phone, in 8 bit, in RGB."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "host": ["has_host_form", "host_form"],
        "int8.quantized": ["quantized_form", "settle_ranges"],
        "leaky": ["Leaky"],
        "npu": ["npu_form"],
        "phone": ["deployed_form"],
        "rgb": ["whole_image"],
    },
)
