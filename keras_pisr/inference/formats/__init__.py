"""Reads and writes image files; depth, colour profile and transparency are kept."""
