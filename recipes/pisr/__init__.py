"""PISR as a program: what a run does, its settings, its networks."""
