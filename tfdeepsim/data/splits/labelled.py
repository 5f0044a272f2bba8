"""The images of a split that have a label, with that label as the target of training."""

import numpy as np

from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.splits.split import Split
from tfdeepsim.data.splits.subset import Subset

TARGET = "target"
"""Name of the label in the splits that `labelled` returns."""


def labelled(splits: Splits, name: str) -> Split:
    """The images of a split that serve probes, with the label that probes predict as `target`.

    Args:
        splits: Splits of a dataset.
        name: Name of one of them.

    Raises:
        InputError: If the dataset has no labels.
    """
    split, (_, label) = splits[name], splits.dataset.labelled()
    rows = np.flatnonzero(splits.dataset.probe_mask(split))
    return Split(Subset(split.images, rows), {TARGET: split.labels[label][rows]})
