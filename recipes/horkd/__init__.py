"""The program of the HORKD recipes: runs, settings, data, networks, methods and scores."""
