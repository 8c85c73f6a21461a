"""Single images: files, colour, and the published bicubic resize."""
