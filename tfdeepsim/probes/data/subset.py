"""Random subsets of labelled examples."""

from collections.abc import Sequence

import numpy as np


def subset(
    labels: np.ndarray, fraction: float, seed: int | Sequence[int], least: int = 1
) -> np.ndarray:
    """Draw a random fraction of the examples.

    Each class keeps its share, and at least one example. For one seed, a smaller fraction is part
    of a larger one.

    Args:
        labels: Class ids, int [N]; or numbers [N, K], which have no classes.
        fraction: Fraction of the examples, above 0 and up to 1.
        seed: One or several numbers, 0 or above.
        least: Smallest number of examples to keep of each class, or of all examples if there are no
            classes; all are kept where there are fewer.

    Returns:
        Row numbers in rising order, int64.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    groups = labels[order] if labels.ndim == 1 else np.zeros(len(labels), int)
    _, group, counts = np.unique(groups, return_inverse=True, return_counts=True)
    sizes = np.maximum(least, np.round(fraction * counts))
    by_group = np.argsort(group, kind="stable")
    rank = np.empty(len(labels), int)
    rank[by_group] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(order[rank < sizes[group]])
