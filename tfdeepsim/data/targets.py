"""The images that have a label, with that label as what is to be told."""

import numpy as np

from tfdeepsim.data.dataset import Sources
from tfdeepsim.data.rows import Rows
from tfdeepsim.data.source import Source

TARGET = "target"
"""Name of the label in the sources that are given."""


def labelled(sources: Sources, split: str) -> Source:
    """The images of a split that serve probes, with the label that they predict as `target`.

    Raises:
        InputError: If the dataset has no labels.
    """
    source, (_, label) = sources[split], sources.dataset.labelled()
    rows = np.flatnonzero(sources.dataset.probe_mask(source))
    return Source(Rows(source.images, rows), {TARGET: source.labels[label][rows]})
