"""Images, videos and files enlarged by a trained student."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "files": ["upscale_files"],
        "image": ["upscale", "upscaled_bands"],
        "network": ["Network"],
        "formats.picture": ["Picture", "read_picture"],
        "video.video_file": ["upscale_video"],
    },
)
