"""The door to the probe search: `python -m tuning.search RUN_DIR`."""
