"""HORKD as a program: what a run does, its settings, data, networks, methods and scores."""
