"""`python mobile/export.py`: see `keras_pisr/cli/export.py`, or add --help."""

import sys

from keras_pisr.cli.export import main

if __name__ == "__main__":
    sys.exit(main())
