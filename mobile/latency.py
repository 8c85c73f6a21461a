"""`python mobile/latency.py`: see `keras_pisr/cli/latency.py`, or add --help."""

import sys

from keras_pisr.cli.latency import main

if __name__ == "__main__":
    sys.exit(main())
