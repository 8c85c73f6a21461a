"""Parts of every training run: its command line, folder, stages and devices."""
