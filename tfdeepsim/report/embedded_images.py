"""The test images that a report shows on a map of each embedding."""

import dataclasses
from collections.abc import Mapping

import numpy as np

MOST = 1000
"""Largest number of images on a map."""


@dataclasses.dataclass(frozen=True, eq=False)
class EmbeddedImages:
    """Test images with their labels, and their embeddings by each row of a report.

    Attributes:
        images: Images, uint8 `[n, H, W, C]` with C 1 or 3.
        labels: Classes, integer `[n]`, or values, float `[n, k]`; None without labels.
        embeddings: Name of each row to the standardised embeddings of the images, `[n, Z]`.

    Example:
        >>> rows = some_rows(np.ones(len(embeddings), bool))
        >>> shown = EmbeddedImages(images[rows], classes[rows], {"ae": embeddings[rows]})
    """

    images: np.ndarray
    labels: np.ndarray | None
    embeddings: Mapping[str, np.ndarray]


def some_rows(served: np.ndarray) -> np.ndarray:
    """Ascending row numbers of at most `MOST` examples, drawn at random with a fixed seed.

    Args:
        served: Which examples may be drawn, bool `[N]`.
    """
    rows = np.flatnonzero(served)
    return np.sort(np.random.default_rng(0).permutation(rows)[:MOST])
