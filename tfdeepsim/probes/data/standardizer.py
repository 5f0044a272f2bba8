"""Bring columns to mean 0 and standard deviation 1."""

import numpy as np


class Standardizer:
    """Shift and scale each column by the mean and the standard deviation of some reference rows.

    A column that is constant in the reference, up to the rounding of float32, is shifted only.

    Args:
        reference: [N, D], the rows of probe-train; no other split may enter here.
    """

    def __init__(self, reference: np.ndarray):
        reference = np.asarray(reference, np.float64)
        self.mean = reference.mean(axis=0)
        deviation = reference.std(axis=0)
        rounding = np.finfo(np.float32).eps * np.abs(reference).max(axis=0)
        self.scale = np.where(deviation > rounding, deviation, 1.0)

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Standardised values, float32 [N, D]."""
        return ((values - self.mean) / self.scale).astype(np.float32)

    def invert(self, values: np.ndarray) -> np.ndarray:
        """Back to the units of the reference, float64 [..., D]."""
        return values * self.scale + self.mean
