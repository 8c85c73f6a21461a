"""What any room may need of the terminal: silence, progress, errors in one line."""
