"""Inverting networks: images from features (Dosovitskiy & Brox 2016, §4.3)."""
