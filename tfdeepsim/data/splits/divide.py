"""Division of examples into splits."""

import math
from collections.abc import Sequence

import numpy as np

from tfdeepsim.errors import InputError


def divide(
    count: int,
    shares: Sequence[float],
    seed: int,
    labels: np.ndarray | None = None,
    class_names: Sequence[str] = (),
) -> list[np.ndarray]:
    """Divide the rows 0 to `count` - 1 at random, in the same way on every machine.

    With class labels, each class is divided by itself, so that all splits hold the same shares of
    the classes.

    Args:
        count: Number of rows.
        shares: Share of each split; they add up to 1.
        seed: Seed of the permutation.
        labels: Class ids, integers [count]. With None, or labels of another kind, rows are divided
            without regard to labels.
        class_names: Names of the class ids, for messages.

    Returns:
        Rows of each split, int64, ascending. Every row is in one split, and no split is empty.

    Raises:
        InputError: If there are fewer rows, or fewer rows of a class, than splits.
    """
    order = np.random.default_rng(seed).permutation(count).astype(np.int64)
    if labels is None or labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        groups = [order]
    else:
        order = order[np.argsort(labels[order], kind="stable")]
        ids, starts = np.unique(labels[order], return_index=True)
        groups = np.split(order, starts[1:])
        _check_classes(ids, groups, len(shares), class_names)
    if count < len(shares):
        raise InputError(
            "each split needs an example",
            got=f"{count} for {len(shares)} splits",
            accepted=f"{len(shares)} or more",
        )
    pieces = [np.split(group, np.cumsum(_counts(len(group), shares))[:-1]) for group in groups]
    return [np.sort(np.concatenate(of_split)) for of_split in zip(*pieces, strict=True)]


def _check_classes(
    ids: np.ndarray, groups: Sequence[np.ndarray], splits: int, class_names: Sequence[str]
) -> None:
    small = [
        (int(class_id), len(group))
        for class_id, group in zip(ids, groups, strict=True)
        if len(group) < splits
    ]
    if small:
        class_id, size = small[0]
        name = repr(class_names[class_id]) if 0 <= class_id < len(class_names) else class_id
        raise InputError(
            "each class needs an example in each split",
            got=f"class {name} with {size} for {splits} splits" + _more(len(small) - 1),
            accepted=f"{splits} or more images of each class",
        )


def _more(others: int) -> str:
    return f", and {others} more such" if others else ""


def _counts(count: int, shares: Sequence[float]) -> list[int]:
    """Number of rows of each split: 1 or more, and otherwise as near to its share as possible."""
    exact = [count * share / math.fsum(shares) for share in shares]
    counts = [max(1, math.floor(number)) for number in exact]
    while sum(counts) < count:
        counts[max(range(len(counts)), key=lambda split: exact[split] - counts[split])] += 1
    while sum(counts) > count:
        larger = [split for split in range(len(counts)) if counts[split] > 1]
        counts[min(larger, key=lambda split: exact[split] - counts[split])] -= 1
    return counts
