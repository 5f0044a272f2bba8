"""Labels of many forms, brought to the form that probes take."""

from collections.abc import Mapping

import numpy as np

from tfdeepsim.errors import InputError

ProbeLabels = tuple[dict[str, np.ndarray], tuple[str, ...]]
"""Labels by raw split, and the names of their classes."""


def probe_labels(labels: Mapping[str, np.ndarray]) -> ProbeLabels:
    """Bring the labels of all raw splits of a dataset to one form.

    Args:
        labels: Labels by raw split. Whole numbers, booleans or texts, [N] or [N, 1], are classes;
            floats, [N] or [N, K], are numbers to regress.

    Returns:
        Class ids, int64 [N], which count from 0 without gaps, and the names of the classes, if they
        are not the ids themselves; or numbers, float32 [N, K], and no names.

    Raises:
        InputError: If labels have another form, several forms, only one class, negative class ids,
            or numbers that are not finite.
    """
    kinds = {_kind(name, values) for name, values in labels.items()}
    if len(kinds) > 1:
        raise InputError(
            "labels of all splits must be of one kind",
            got=", ".join(f"{values.dtype} in {name}" for name, values in labels.items()),
            accepted="class ids everywhere, or numbers everywhere",
        )
    if kinds == {"numbers"}:
        return _numbers(labels), ()
    return _classes({name: values.reshape(len(values)) for name, values in labels.items()})


def _kind(name: str, values: np.ndarray) -> str:
    is_column = values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1)
    if values.dtype.kind in "iubU" and is_column:
        return "classes"
    if values.dtype.kind == "f" and values.ndim in (1, 2):
        return "numbers"
    raise InputError(
        f"labels of {name} must be class ids or numbers",
        got=f"{values.dtype} {list(values.shape)}",
        accepted="integers [N], or floats [N] or [N, K]",
    )


def _numbers(labels: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    numbers = {
        name: values.reshape(len(values), -1).astype(np.float32) for name, values in labels.items()
    }
    for name, values in numbers.items():
        finite = np.isfinite(values).all(axis=1)
        if not finite.all():
            raise InputError(
                f"labels of {name} must be finite",
                got=f"{values[np.argmin(finite)].tolist()} at example {np.argmin(finite)}",
                accepted="numbers that are neither NaN nor infinite",
            )
    if len({values.shape[1] for values in numbers.values()}) > 1:
        raise InputError(
            "labels of all splits must have equally many numbers",
            got=", ".join(f"{values.shape[1]} in {name}" for name, values in numbers.items()),
            accepted="[N, K] with the same K everywhere",
        )
    return numbers


def _classes(labels: Mapping[str, np.ndarray]) -> ProbeLabels:
    classes = np.unique(np.concatenate(list(labels.values())))
    if classes.dtype.kind == "i" and len(classes) and classes[0] < 0:
        raise InputError("class ids must not be negative", got=classes[0], accepted="0, 1, ...")
    if len(classes) < 2:
        raise InputError(
            "labels must be of two or more classes",
            got=f"the class {classes[0]} only" if len(classes) else "no labels",
            accepted="labels of at least two classes, or none",
        )
    ids = {
        name: np.searchsorted(classes, values).astype(np.int64) for name, values in labels.items()
    }
    if classes.dtype.kind in "iu" and classes[-1] == len(classes) - 1:
        return ids, ()
    return ids, tuple(map(str, classes))
