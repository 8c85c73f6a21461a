"""PISR for x2 super-resolution: FSRCNN taught by a network that sees the HR image.

Lee et al., "Learning with Privileged Information for Efficient Image Super-Resolution",
ECCV 2020, https://arxiv.org/abs/2007.07524.

A short run on embedded photographs, which takes a few minutes on two CPU cores:

    python recipes/pisr_x2.py

Your own photographs, and the published test sets:

    python recipes/pisr_x2.py --hr-dir DIV2K/HR --test-dirs Set5 Set14 --epochs 50

The paper's schedule (two million steps, for a GPU):

    python recipes/pisr_x2.py --tfds div2k --schedule paper

A killed run continues with the same command and --resume.
"""

from pisr.settings import main

if __name__ == "__main__":
    main(scale=2, description=__doc__)
