"""Splits of a dataset: their images and labels, how they are drawn, and subsets of them."""
