"""`python -m keras_pisr`: the same as `keras-pisr`."""

import sys

from keras_pisr.cli.main import main

sys.exit(main())
