"""Losses: pure functions, and thin Keras classes that add reduction."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "angle": ["AngleLoss", "angle_loss", "sample_anchors"],
        "distance": ["DistanceLoss", "distance_loss"],
        "embedding_distances": ["squared_distances"],
        "individual": ["IndividualLoss", "individual_loss"],
        "likelihood": [
            "GaussianNLL",
            "LaplaceNLL",
            "LikelihoodLoss",
            "gaussian_nll",
            "laplace_nll",
        ],
        "logits": ["LogitLoss", "logit_loss"],
    },
)
