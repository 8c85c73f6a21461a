"""The program of the PISR recipes: runs, settings and networks."""
