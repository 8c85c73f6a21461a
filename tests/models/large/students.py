"""Narrow variants of the large students, for tests of several rooms."""

import keras_pisr as kp

LARGE = {
    "vdsr": lambda: kp.models.VDSR(2, features=4, depth=4),
    "idn": lambda: kp.models.IDN(3, features=16, block_count=1),
    "carn": lambda: kp.models.CARN(2, features=4, steps=2),
    "carn_m": lambda: kp.models.CARN(2, mobile=True, features=4, steps=2),
}
