"""Statistics of the labels of a dataset, for people to look at before they train on it."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from tfdeepsim.data.dataset import Dataset
from tfdeepsim.data.splits.split import Split

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclasses.dataclass(frozen=True)
class Coordinate:
    """Statistics of one of the numbers to regress, over a split.

    Attributes:
        mean: Mean, in the units of the label.
        quantiles: Quantiles at `QUANTILES`: minimum, quartiles and maximum.
    """

    mean: float
    quantiles: tuple[float, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class SplitLabels:
    """Statistics of the labels of a split.

    Attributes:
        counts: Number of images of each class, int64 [classes]; None for regression.
        coordinates: Statistics of each number to regress; empty for classification.
    """

    counts: np.ndarray | None
    coordinates: tuple[Coordinate, ...]


def inspect_labels(dataset: Dataset, splits: Mapping[str, Split]) -> dict[str, SplitLabels]:
    """Statistics of the labels of each split that has some, over the images that serve probes.

    Args:
        dataset: The dataset.
        splits: Its splits.

    Returns:
        Statistics by split, in the order of `splits`.
    """
    labels = {
        name: split.labels[dataset.label][dataset.probe_mask(split)]
        for name, split in splits.items()
        if dataset.label is not None and dataset.label in split.labels
    }
    if dataset.task == "regression":
        return {name: SplitLabels(None, _coordinates(values)) for name, values in labels.items()}
    classes = max((int(values.max()) + 1 for values in labels.values() if len(values)), default=0)
    classes = max(classes, len(dataset.class_names))
    return {
        name: SplitLabels(np.bincount(values, minlength=classes), ())
        for name, values in labels.items()
    }


def class_name(class_names: Sequence[str], class_id: int) -> str:
    """The name of a class, or its id if it has no name."""
    return class_names[class_id] if class_id < len(class_names) else str(class_id)


def decimals(values: Sequence[float]) -> list[str]:
    """Numbers as text, rounded to a hundredth of their range or a little finer."""
    spread = max(values) - min(values)
    places = min(6, max(0, 2 - math.floor(math.log10(spread)))) if spread > 0 else 3
    return [f"{round(value, places) + 0.0:.{places}f}" for value in values]  # no "-0.00"


def _coordinates(values: np.ndarray) -> tuple[Coordinate, ...]:
    columns = values.reshape(len(values), -1).astype(np.float64).T
    return tuple(
        Coordinate(float(column.mean()), tuple(map(float, np.quantile(column, QUANTILES))))
        for column in columns
        if len(column)
    )
