"""Formats of weights files, one module for each; none of them runs code from a file."""
