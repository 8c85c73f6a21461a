"""The commands: `keras-pisr` and the scripts in `mobile/`, each one function with its options."""
