"""The terminal, for every room: silence, progress, errors in one line."""
