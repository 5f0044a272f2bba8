"""Embeddings and labels as plain arrays, brought to the form that probes take."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.probes.data.splits import check_embeddings

Arrays = tuple[np.ndarray, np.ndarray]
"""Embeddings [N, D], and class ids [N] or numbers [N, K]."""


def labelled_arrays(parts: Mapping[str, tuple[Any, Any]]) -> tuple[str, dict[str, Arrays]]:
    """Tell classes from numbers, and number the classes.

    Args:
        parts: Embeddings [N, D] and labels by name, `train` among them: classes [N] of any type, or
            numbers [N, K].

    Returns:
        `classification` or `regression`; and by name the embeddings, float32 [N, D], with class
        ids, int64 [N], that count from 0 over all parts, or with numbers, float64 [N, K].

    Raises:
        InputError: If a part is empty, its embeddings and labels differ in number, a value is not
            finite, shapes or types do not fit together, or the labels of `train` are all equal or
            have a class with a single example.
    """
    arrays = {name: _pair(name, *part) for name, part in parts.items()}
    ranks = {labels.ndim for _, labels in arrays.values()}
    if len(ranks) > 1:
        raise InputError(
            "labels of all parts must be of one kind",
            got=", ".join(
                f"shape {labels.shape} of {name}" for name, (_, labels) in arrays.items()
            ),
            accepted="classes [N] everywhere, or numbers [N, K] everywhere",
        )
    if ranks == {2}:
        numbers = {name: (z, _numbers(name, y)) for name, (z, y) in arrays.items()}
        _check_varying(numbers["train"][1])
        return "regression", numbers
    _check_types(arrays)
    names, ids = _unique(np.concatenate([labels for _, labels in arrays.values()]))
    ends = np.cumsum([len(labels) for _, labels in arrays.values()])[:-1]
    numbered = np.split(ids.astype(np.int64), ends)
    _check_classes(names, numbered[list(arrays).index("train")])
    return "classification", {
        name: (z, y) for (name, (z, _)), y in zip(arrays.items(), numbered, strict=True)
    }


def _pair(name: str, embeddings: Any, labels: Any) -> Arrays:
    z = check_embeddings(f"embeddings of {name}", embeddings)
    try:
        y = np.asarray(labels)
    except ValueError as error:
        raise InputError(
            f"labels of {name} must be an array", got=error, accepted="[N] or [N, K]"
        ) from error
    if y.ndim not in (1, 2) or 0 in y.shape[1:]:
        raise InputError(
            f"labels of {name} must be classes or numbers",
            got=f"shape {y.shape}",
            accepted="classes [N], or numbers [N, K]",
        )
    if len(z) != len(y):
        raise InputError(
            f"{name} needs one label for each embedding",
            got=f"{len(z)} embeddings and {len(y)} labels",
            accepted="equal numbers",
        )
    if y.dtype.kind in "fc":
        bad = np.flatnonzero(~np.isfinite(y).reshape(len(y), -1).all(axis=1))
        if len(bad):
            raise InputError(
                f"labels of {name} must be finite",
                got=f"NaN or infinity in {len(bad)} of {len(y)} labels, first in row {bad[0]}",
                accepted="finite numbers only",
            )
    return z, y


def _numbers(name: str, labels: np.ndarray) -> np.ndarray:
    if labels.dtype.kind not in "iubf":
        raise InputError(
            f"labels [N, K] of {name} must be numbers",
            got=labels.dtype,
            accepted="floats [N, K], or classes [N]",
        )
    return labels.astype(np.float64)


def _check_varying(labels: np.ndarray) -> None:
    constant = np.flatnonzero(np.ptp(labels, axis=0) == 0)
    if len(constant):
        raise InputError(
            "each column of labels must vary",
            got=f"{labels[0, constant[0]]:g} for all {len(labels)} examples in column "
            f"{constant[0]}",
            accepted="columns with two values or more",
        )


def _check_types(arrays: Mapping[str, Arrays]) -> None:
    """Texts and numbers are never the same classes, though NumPy would turn one into the other."""
    kinds = {labels.dtype.kind for _, labels in arrays.values()}
    if len({"number" if kind in "iubf" else kind for kind in kinds}) > 1:
        raise InputError(
            "labels of all parts must be of one kind",
            got=", ".join(f"{labels.dtype} of {name}" for name, (_, labels) in arrays.items()),
            accepted="classes of one type",
        )


def _unique(labels: np.ndarray) -> Arrays:
    try:
        return np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise InputError(
            "classes must be of one type", got=error, accepted="all texts, or all whole numbers"
        ) from error


def _check_classes(names: np.ndarray, ids: np.ndarray) -> None:
    counts = np.bincount(ids, minlength=len(names))
    if np.count_nonzero(counts) == 1:
        raise InputError(
            "classification needs two classes or more",
            got=f"class {names[ids[0]]} only",
            accepted="labels of at least two classes",
        )
    single = np.flatnonzero(counts == 1)
    if len(single):
        raise InputError(
            "each class needs two examples or more",
            got=f"one example of {len(single)} of {np.count_nonzero(counts)} classes, such as "
            f"{names[single[0]]}",
            accepted="classes that occur twice or more; numbers to regress have the shape [N, K]",
        )
