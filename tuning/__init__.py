"""The command `python -m tuning.search RUN_DIR`, which searches for the best probe of a run."""
