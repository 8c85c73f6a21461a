"""The presets that come with the package: pure data, one entry a folder in `shipped/`."""

CATALOG = {}
