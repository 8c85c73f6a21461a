"""Labelled images for recognition, and what feeds them to `fit`."""
