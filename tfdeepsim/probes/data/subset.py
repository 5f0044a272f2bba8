"""Some of the labels: which examples stay when only a share of them may be used."""

from collections.abc import Sequence

import numpy as np


def subset(
    labels: np.ndarray, fraction: float, seed: int | Sequence[int], least: int = 1
) -> np.ndarray:
    """Rows of a random share of the examples.

    Of class ids, each class keeps its share, and at least one example. Of one seed, a smaller share
    is part of a larger one.

    Args:
        labels: Class ids, int [N]; or numbers [N, K], which are not grouped.
        fraction: Above 0, up to 1.
        seed: One or several numbers, 0 or above.
        least: Examples of each class, or of all where there are no classes, that are kept in any
            case, as far as there are so many.

    Returns:
        Rising row numbers, int64.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    groups = labels[order] if labels.ndim == 1 else np.zeros(len(labels), int)
    _, group, counts = np.unique(groups, return_inverse=True, return_counts=True)
    wanted = np.maximum(least, np.round(fraction * counts))
    by_group = np.argsort(group, kind="stable")
    place = np.empty(len(labels), int)
    place[by_group] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(order[place < wanted[group]])
