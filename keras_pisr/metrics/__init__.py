"""How good an image or an embedding is, on any backend."""

import lazy_loader

# No file bears the name of a function listed here: importing the file would put the module
# where the function should be.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "pairs": ["all_pairs", "pair_similarities"],
        "peak_signal_to_noise": ["PSNR", "psnr"],
        "retrieval": ["enroll", "identification_rate", "retrieval_scores"],
        "structural_similarity": ["SSIM", "ssim"],
        "verification": ["k_fold_accuracy", "roc_auc", "tar_at_far", "verification_scores"],
    },
)
