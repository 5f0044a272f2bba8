"""Labels as people keep them, brought to the form that probes take."""

from collections.abc import Mapping

import numpy as np

from tfdeepsim.errors import InputError

Tidy = tuple[dict[str, np.ndarray], tuple[str, ...]]


def tidy(labels: Mapping[str, np.ndarray]) -> Tidy:
    """Bring the labels of all parts of a dataset to one form.

    Args:
        labels: By part. Whole numbers, booleans or texts [N] or [N, 1] name classes; floats [N] or
            [N, K] are numbers.

    Returns:
        Class ids int64 [N], from 0 on without gaps, with the names of the classes if the ids are
        not their own names; or numbers float32 [N, K] and no names.

    Raises:
        InputError: If labels are of another form, of several, of one class only, negative, or not
            finite.
    """
    kinds = {_kind(part, values) for part, values in labels.items()}
    if len(kinds) > 1:
        raise InputError(
            "labels of all parts must be of one kind",
            got=", ".join(f"{values.dtype} in {part}" for part, values in labels.items()),
            accepted="class ids everywhere, or numbers everywhere",
        )
    if kinds == {"numbers"}:
        return _numbers(labels), ()
    return _classes({part: values.reshape(len(values)) for part, values in labels.items()})


def _kind(part: str, values: np.ndarray) -> str:
    column = values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1)
    if values.dtype.kind in "iubU" and column:
        return "classes"
    if values.dtype.kind == "f" and values.ndim in (1, 2):
        return "numbers"
    raise InputError(
        f"labels of {part} must be class ids or numbers",
        got=f"{values.dtype} {list(values.shape)}",
        accepted="integers [N], or floats [N] or [N, K]",
    )


def _numbers(labels: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    numbers = {
        part: values.reshape(len(values), -1).astype(np.float32) for part, values in labels.items()
    }
    for part, values in numbers.items():
        finite = np.isfinite(values).all(axis=1)
        if not finite.all():
            raise InputError(
                f"labels of {part} must be finite",
                got=f"{values[np.argmin(finite)].tolist()} at example {np.argmin(finite)}",
                accepted="numbers that are neither NaN nor infinite",
            )
    if len({values.shape[1] for values in numbers.values()}) > 1:
        raise InputError(
            "labels of all parts must have as many numbers",
            got=", ".join(f"{values.shape[1]} in {part}" for part, values in numbers.items()),
            accepted="[N, K] with the same K everywhere",
        )
    return numbers


def _classes(labels: Mapping[str, np.ndarray]) -> Tidy:
    classes = np.unique(np.concatenate(list(labels.values())))
    if classes.dtype.kind == "i" and len(classes) and classes[0] < 0:
        raise InputError("class ids must not be negative", got=classes[0], accepted="0, 1, ...")
    if len(classes) < 2:
        raise InputError(
            "classes are told apart by two or more",
            got=f"the class {classes[0]} only" if len(classes) else "no labels",
            accepted="labels of at least two classes, or none",
        )
    ids = {
        part: np.searchsorted(classes, values).astype(np.int64) for part, values in labels.items()
    }
    if classes.dtype.kind in "iu" and classes[-1] == len(classes) - 1:
        return ids, ()
    return ids, tuple(map(str, classes))
