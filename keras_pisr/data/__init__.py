"""Images in: resize, colour, pairs of low and high resolution, and what feeds them to `fit`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "color": ["rgb_to_y", "rgb_to_ycbcr", "ycbcr_to_rgb"],
        "resize": ["downscale", "resize", "upscale"],
        "resize_graph": ["resize_tf"],
    },
)
