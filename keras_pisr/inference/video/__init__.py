"""Reads and writes videos frame by frame, and copies sound and subtitles."""
