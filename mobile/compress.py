"""`python mobile/compress.py`: see `keras_pisr/cli/compress.py`, or add --help."""

import sys

from keras_pisr.cli.compress import main

if __name__ == "__main__":
    sys.exit(main())
