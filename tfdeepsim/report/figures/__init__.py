"""Figures as PNG files: one function for each figure, from the files of the rows."""
