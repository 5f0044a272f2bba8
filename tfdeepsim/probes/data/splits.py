"""Embeddings with labels, which probes are trained and scored on, and the checks of both."""

from typing import Any, NamedTuple

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.probes import TASKS


class EmbeddingSplit(NamedTuple):
    """Embeddings of images and their labels, row by row.

    Attributes:
        embeddings: Embeddings, float32 [N, D].
        labels: For regression float64 [N, K] in label units; for classification class ids, int64
            [N], 0 or above.

    Example:
        >>> splits = check_splits("regression", train=(train_z, train_y), test=(test_z, test_y))
        >>> splits["train"].embeddings.dtype
        dtype('float32')
    """

    embeddings: np.ndarray
    labels: np.ndarray


def check_splits(task: str, **splits: tuple[Any, Any]) -> dict[str, EmbeddingSplit]:
    """Check the splits of one dataset, and convert them to the dtypes that probes take.

    Args:
        task: `"regression"` or `"classification"`.
        **splits: For each split, embeddings [N, D] of any real dtype, and labels: numbers [N, K] or
            [N] (read as [N, 1]) for regression, integers [N] for classification. One of the splits
            must be named `train`.

    Returns:
        The same splits, by name.

    Raises:
        InputError: If the task is unknown, a split is empty, its embeddings and labels differ in
            length, a shape or dtype is wrong, a value is NaN or infinite, a class id is negative,
            the splits differ in width, or `train` holds a single class.
    """
    if task not in TASKS:
        raise InputError("task of a probe must be known", got=repr(task), accepted=", ".join(TASKS))
    checked = {name: _split(name, task, *split) for name, split in splits.items()}
    train = checked["train"]
    for name, split in checked.items():
        _same_width("embeddings", name, split.embeddings, train.embeddings)
        _same_width("labels", name, split.labels, train.labels)
    if task == "classification" and np.ptp(train.labels) == 0:
        raise InputError(
            "classification needs two classes or more in split 'train'",
            got=f"class {train.labels[0]} only",
            accepted="labels of at least two classes",
        )
    return checked


def check_embeddings(what: str, values: Any) -> np.ndarray:
    """Check embeddings, and convert them to float32.

    Args:
        what: Name of the embeddings in the message of an error.
        values: Embeddings [N, D] of any real dtype.

    Returns:
        float32 [N, D].

    Raises:
        InputError: If the embeddings are empty, not of rank 2, not real, or not finite.
    """
    return _numbers(what, _array(what, values), np.float32)


def _split(name: str, task: str, embeddings: Any, labels: Any) -> EmbeddingSplit:
    z = check_embeddings(f"embeddings of split '{name}'", embeddings)
    check_labels = _class_ids if task == "classification" else _coordinates
    y = check_labels(f"labels of split '{name}'", labels)
    if len(z) != len(y):
        raise InputError(
            f"split '{name}' needs one label for each embedding",
            got=f"{len(z)} embeddings and {len(y)} labels",
            accepted="equal numbers",
        )
    return EmbeddingSplit(z, y)


def _coordinates(what: str, labels: Any) -> np.ndarray:
    labels = _array(what, labels)
    return _numbers(what, labels[:, None] if labels.ndim == 1 else labels, np.float64)


def _numbers(what: str, values: np.ndarray, dtype: type) -> np.ndarray:
    if values.ndim != 2 or 0 in values.shape:
        raise InputError(
            f"{what} must be a table of at least one row and one column",
            got=f"shape {values.shape}",
            accepted="an array of shape [examples, columns]",
        )
    try:
        with np.errstate(over="ignore"):
            values = values.astype(dtype, copy=False)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{what} must be real numbers", got=values.dtype, accepted="floats"
        ) from error
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise InputError(
            f"{what} must be finite",
            got=f"NaN or infinity in {len(bad)} of {len(values)} rows, first in row {bad[0]}",
            accepted="finite numbers only",
        )
    return values


def _class_ids(what: str, labels: Any) -> np.ndarray:
    labels = _array(what, labels)
    if labels.ndim != 1 or not len(labels) or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(
            f"{what} must be class ids",
            got=f"{labels.dtype} of shape {labels.shape}",
            accepted="integers of shape [examples], at least one",
        )
    if labels.min() < 0:
        raise InputError(
            f"{what} must be class ids",
            got=f"{labels.min()} (often marks an unlabeled image)",
            accepted="0 or above",
        )
    return labels.astype(np.int64, copy=False)


def _array(what: str, values: Any) -> np.ndarray:
    try:
        values = np.asarray(values)
    except ValueError as error:
        raise InputError(
            f"{what} must be an array", got=error, accepted="rows of equal length"
        ) from error
    if np.iscomplexobj(values):
        raise InputError(f"{what} must be real numbers", got=values.dtype, accepted="floats")
    return values


def _same_width(what: str, name: str, values: np.ndarray, reference: np.ndarray) -> None:
    if values.shape[1:] != reference.shape[1:]:
        raise InputError(
            f"{what} must be equally wide in every split",
            got=f"{values.shape[1]} columns in '{name}' and {reference.shape[1]} in 'train'",
            accepted="splits of one encoder and one dataset",
        )
