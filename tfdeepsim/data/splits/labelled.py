"""The images that have a label, with that label as what is to be told."""

import numpy as np

from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.splits.split import Split
from tfdeepsim.data.splits.subset import Subset

TARGET = "target"
"""Name of the label in the splits that are given."""


def labelled(splits: Splits, split: str) -> Split:
    """The images of a split that serve probes, with the label that they predict as `target`.

    Raises:
        InputError: If the dataset has no labels.
    """
    source, (_, label) = splits[split], splits.dataset.labelled()
    rows = np.flatnonzero(splits.dataset.probe_mask(source))
    return Split(Subset(source.images, rows), {TARGET: source.labels[label][rows]})
