"""Students with capacity to spare, which the PISR paper shows beside FSRCNN: VDSR, IDN, CARN."""
