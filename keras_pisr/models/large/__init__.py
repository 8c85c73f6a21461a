"""Larger students, which the PISR paper shows beside FSRCNN: VDSR, IDN, CARN."""
