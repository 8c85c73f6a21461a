"""A model over a folder of test images: rows, means, pictures and curves."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "benchmark_folder": ["benchmark_pairs"],
        "evaluate": ["bicubic_luma", "evaluate", "luma_score", "predict_luma"],
        "history_plot": ["plot_history"],
        "image_scores": ["Evaluation", "ImageScore"],
        "side_by_side": ["side_by_side"],
    },
)
