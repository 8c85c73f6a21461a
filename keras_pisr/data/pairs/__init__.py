"""Pairs of low and high resolution, the patches cut from them, and what feeds them to `fit`."""
