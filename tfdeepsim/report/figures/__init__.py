"""Figures as PNG files: one function a figure, records in, bytes out."""
