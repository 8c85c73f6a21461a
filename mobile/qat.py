"""`python mobile/qat.py`: see `keras_pisr/cli/qat.py`, or add --help."""

import sys

from keras_pisr.cli.qat import main

if __name__ == "__main__":
    sys.exit(main())
