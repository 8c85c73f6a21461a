"""A network in simulated 8 bit: its layers, its ranges, and the rounding of its weights."""
