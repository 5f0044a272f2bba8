"""Encoded images in a few large files, which are read one by one from their places there."""
