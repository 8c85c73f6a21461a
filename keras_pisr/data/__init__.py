"""Images in: resize, colour, pairs of low and high resolution, and what feeds them to `fit`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "images.color": ["rgb_to_y", "rgb_to_ycbcr", "ycbcr_to_rgb"],
        "pairs.device_patches": ["DevicePatches"],
        "images.degradation": ["Degradation", "degradation"],
        "images.downscaling": ["DownscaleReport", "downscale_folder"],
        "synthetic.drawings": ["draw_images"],
        "synthetic.glyphs": ["render_glyphs"],
        "images.files": ["list_images", "read_image", "write_image"],
        "recognition.labelled_images": ["LabelledImages"],
        "pairs.image_pairs": ["ImagePairs"],
        "pairs.patch_dataset": ["paired_folder", "paired_samples", "paired_tfds", "tf_patches"],
        "pairs.patch_sequence": ["PatchSequence"],
        "pairs.patches": ["PatchSampler", "cut_patches", "fixed_patches"],
        "recognition.recognition_pairs": ["recognition_pairs"],
        "recognition.recognition_sequence": ["RecognitionSequence"],
        "images.resize": ["downscale", "resize", "upscale"],
        "images.resize_graph": ["resize_tf"],
        "pairs.streamed_pairs": ["StreamedPairs"],
        "synthetic.samples": ["sample_images"],
    },
)
