"""The terminal, for every part of the package: silence, progress, errors in one line."""
