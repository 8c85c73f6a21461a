"""A network in simulated 8 bit: its layers, its ranges, and how its weights are rounded."""
