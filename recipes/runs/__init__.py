"""What every training run needs: its command line, folder, stages and devices."""
