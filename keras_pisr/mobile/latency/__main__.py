"""`python -m keras_pisr.mobile.latency`."""

import sys

from keras_pisr.cli.latency import main

sys.exit(main())
