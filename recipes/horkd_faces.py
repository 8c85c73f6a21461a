r"""HORKD for faces: recognizes people in small images who were not seen in training.

Ge et al., "Look One and More: Distilling Hybrid Order Relational Knowledge for
Cross-Resolution Image Recognition", AAAI 2020, https://arxiv.org/abs/2409.05384; a
reconstruction, see docs/horkd.md.

A short run with letters in place of people:

    python recipes/horkd_faces.py

Your own images: a folder (or tar archive) with a folder for each person. Here the first 30 people
are for training:

    python recipes/horkd_faces.py --data FACES --train-classes 30 --batch-size 60 \
        --epochs 60 --teacher-epochs 60

A killed run continues with the same command and --resume.
"""

from horkd.settings import main

if __name__ == "__main__":
    main(task="faces", description=__doc__)
