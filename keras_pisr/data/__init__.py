"""Images in: resize, colour, pairs of low and high resolution, and what feeds them to `fit`."""

import lazy_loader

# The module and its main function share a name. Bound here, at once, the name means the function
# whoever imports the module first; it costs only NumPy.
from keras_pisr.data.resize import resize as resize

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "color": ["rgb_to_y", "rgb_to_ycbcr", "ycbcr_to_rgb"],
        "device_patches": ["DevicePatches"],
        "downscaling": ["DownscaleReport", "downscale_folder"],
        "drawings": ["draw_images"],
        "glyphs": ["render_glyphs"],
        "images": ["list_images", "read_image", "write_image"],
        "labelled_images": ["LabelledImages"],
        "pairs": ["ImagePairs"],
        "patch_dataset": ["paired_folder", "paired_samples", "paired_tfds", "tf_patches"],
        "patch_sequence": ["PatchSequence"],
        "patches": ["PatchSampler", "cut_patches", "fixed_patches"],
        "recognition": ["recognition_pairs"],
        "resize": ["downscale", "resize", "upscale"],
        "resize_graph": ["resize_tf"],
        "samples": ["sample_images"],
    },
)
