"""Examples divided into splits."""

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
    """Divide the rows 0 to `count` - 1; the same on every machine.

    With classes, each is divided by itself, so that all parts hold all classes in like shares.

    Args:
        count: Number of rows.
        shares: Of each part; they add up to 1.
        seed: Of the permutation.
        labels: Class ids, integers [count]. Without them, or with labels of another kind, rows are
            divided without regard to labels.
        class_names: Of the class ids, for errors.

    Returns:
        Rows of each part, int64, ascending. No row is in two parts, none is left out, no part is
        empty.

    Raises:
        InputError: If there are fewer rows, or fewer of a class, than parts.
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
    return [np.sort(np.concatenate(part)) for part in zip(*pieces, strict=True)]


def _check_classes(
    ids: np.ndarray, groups: Sequence[np.ndarray], parts: int, class_names: Sequence[str]
) -> None:
    small = [
        (int(class_id), len(group))
        for class_id, group in zip(ids, groups, strict=True)
        if len(group) < parts
    ]
    if small:
        class_id, size = small[0]
        name = repr(class_names[class_id]) if 0 <= class_id < len(class_names) else class_id
        raise InputError(
            "each class needs an example in each split",
            got=f"class {name} with {size} for {parts} splits" + _more(len(small) - 1),
            accepted=f"{parts} or more images of each class",
        )


def _more(others: int) -> str:
    return f", and {others} more such" if others else ""


def _counts(count: int, shares: Sequence[float]) -> list[int]:
    """How many of `count` each part gets: none less than 1, and otherwise nearest to its share."""
    exact = [count * share / math.fsum(shares) for share in shares]
    counts = [max(1, math.floor(part)) for part in exact]
    while sum(counts) < count:
        counts[max(range(len(counts)), key=lambda part: exact[part] - counts[part])] += 1
    while sum(counts) > count:
        larger = [part for part in range(len(counts)) if counts[part] > 1]
        counts[min(larger, key=lambda part: exact[part] - counts[part])] -= 1
    return counts
