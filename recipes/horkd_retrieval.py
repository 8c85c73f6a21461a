r"""HORKD for retrieval: finds small images of classes that were not seen in training.

Ge et al., "Look One and More: Distilling Hybrid Order Relational Knowledge for
Cross-Resolution Image Recognition", AAAI 2020, https://arxiv.org/abs/2409.05384; a
reconstruction, see docs/horkd.md.

A short run on letters:

    python recipes/horkd_retrieval.py

Your own images: a folder (or tar archive) of class folders. Here the first 100 classes are for
training:

    python recipes/horkd_retrieval.py --data IMAGES --train-classes 100 --epochs 20 \
        --teacher-epochs 40

A killed run continues with the same command and --resume.
"""

from horkd.settings import main

if __name__ == "__main__":
    main(task="retrieval", description=__doc__)
