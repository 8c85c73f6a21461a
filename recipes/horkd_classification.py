"""HORKD for classification: trains a small network that classifies small images.

Ge et al., "Look One and More: Distilling Hybrid Order Relational Knowledge for
Cross-Resolution Image Recognition", AAAI 2020, https://arxiv.org/abs/2409.05384; a
reconstruction, see docs/horkd.md.

A short run on letters:

    python recipes/horkd_classification.py

Your own images: a folder (or tar archive) of class folders, which may lie in train/ and val/:

    python recipes/horkd_classification.py --data IMAGES --epochs 20 --teacher-epochs 40

A killed run continues with the same command and --resume.
"""

from horkd.settings import main

if __name__ == "__main__":
    main(task="classification", description=__doc__)
