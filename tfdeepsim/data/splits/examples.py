"""Which images of a split are shown to people: a few, spread over all of it."""

import numpy as np

from tfdeepsim.data.splits.labelled import TARGET
from tfdeepsim.data.splits.split import LABEL, Split


def example_rows(split: Split, count: int) -> np.ndarray:
    """Rows of images to show, spread evenly over the classes, always the same ones.

    If images have class ids under `LABEL` or `TARGET`, each class gets as many images as any other,
    unless it has fewer. If there are more classes than images to show, classes are taken at equal
    distances. Within a class, and without classes, rows are taken at equal distances.

    Args:
        split: The split.
        count: Number of images to show; all are taken if the split has fewer.

    Returns:
        Rows, int64 [count], ascending.

    Example:
        >>> split = Split(np.zeros((6, 8, 8, 3), np.uint8), {"label": np.array([0, 0, 0, 0, 1, 2])})
        >>> example_rows(split, 3)
        array([0, 4, 5])
    """
    classes = split.labels.get(LABEL, split.labels.get(TARGET))
    if classes is None or classes.ndim != 1 or not np.issubdtype(classes.dtype, np.integer):
        return evenly_spaced(len(split.images), count)
    ids = np.unique(classes)
    groups = [np.flatnonzero(classes == ids[place]) for place in evenly_spaced(len(ids), count)]
    sizes = np.array([len(group) for group in groups])
    quotas = np.zeros(len(groups), np.int64)
    missing = min(count, int(sizes.sum()))
    while missing:
        for place in np.flatnonzero(quotas < sizes)[:missing]:
            quotas[place] += 1
            missing -= 1
    rows = [
        group[evenly_spaced(len(group), int(quota))]
        for group, quota in zip(groups, quotas, strict=True)
    ]
    return np.sort(np.concatenate(rows))


def evenly_spaced(size: int, count: int) -> np.ndarray:
    """`count` of the numbers below `size` at equal distances, or all of them if they are fewer.

    Returns:
        int64, ascending.

    Example:
        >>> evenly_spaced(100, 3)
        array([ 0, 50, 99])
    """
    return np.linspace(0, size - 1, min(count, size)).round().astype(np.int64)
