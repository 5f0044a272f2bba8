"""Standardisation of columns to mean 0 and standard deviation 1."""

import numpy as np


class Standardizer:
    """Shifts and scales each column by the mean and standard deviation of reference rows.

    A column that is constant in the reference, up to the rounding of its dtype, is only shifted.

    Args:
        reference: Rows of probe-train, [N, D]; rows of no other split may be among them.

    Attributes:
        mean: Mean of each column, float64 [D].
        scale: Standard deviation of each column, or 1 where the column is constant, float64 [D].

    Example:
        >>> standardizer = Standardizer(train_embeddings)
        >>> test_z = standardizer.apply(test_embeddings)
    """

    def __init__(self, reference: np.ndarray):
        reference = np.asarray(reference)
        exact = np.finfo(reference.dtype if reference.dtype.kind == "f" else np.float64).eps
        reference = reference.astype(np.float64)
        self.mean = reference.mean(axis=0)
        deviation = reference.std(axis=0)
        rounding = exact * np.abs(reference).max(axis=0)
        self.scale = np.where(deviation > rounding, deviation, 1.0)

    @classmethod
    def identity(cls, columns: int) -> "Standardizer":
        """A standardizer that changes no value.

        Args:
            columns: Number of columns, D.
        """
        return cls(np.zeros((1, columns)))

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Standardised values, float32 [N, D]."""
        return ((values - self.mean) / self.scale).astype(np.float32)

    def invert(self, values: np.ndarray) -> np.ndarray:
        """Values in the units of the reference, float64 [..., D], from standardised ones."""
        return values * self.scale + self.mean
