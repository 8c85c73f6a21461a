"""`python -m keras_pisr.mobile.export`."""

import sys

from keras_pisr.cli.export import main

sys.exit(main())
