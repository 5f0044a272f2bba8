"""Formats of weights files, one module each; none of them runs code from a file."""
