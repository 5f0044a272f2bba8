"""Labels of many forms, brought to the form that probes take, and the checks of all of them."""

from collections.abc import Mapping, Sequence

import numpy as np

from tfdeepsim.errors import InputError

ProbeLabels = tuple[dict[str, np.ndarray], tuple[str, ...]]
"""Labels by raw split, and the names of their classes."""


def probe_labels(labels: Mapping[str, np.ndarray]) -> ProbeLabels:
    """Bring the labels of all raw splits of a dataset to one form.

    Args:
        labels: Labels by raw split, see `training_split`. Whole numbers, booleans or texts, [N] or
            [N, 1], are classes; floats, [N] or [N, K], are numbers to regress.

    Returns:
        Class ids, int64 [N], which count from 0 without gaps, and the names of the classes, if they
        are not the ids themselves; or numbers, float64 [N, K], and no names.

    Raises:
        InputError: If labels have another form, several forms, only one class, negative class ids,
            a class without training images, numbers that are not finite, or only equal ones.
    """
    kinds = {_kind(name, values) for name, values in labels.items()}
    if len(kinds) > 1:
        raise InputError(
            "labels of all splits must be of one kind",
            got=", ".join(f"{values.dtype} in {name}" for name, values in labels.items()),
            accepted="class ids everywhere, class names everywhere, or numbers everywhere",
        )
    if kinds == {"numbers"}:
        return _numbers(labels), ()
    return _classes({name: values.reshape(len(values)) for name, values in labels.items()})


def training_split(labels: Mapping[str, np.ndarray]) -> str:
    """The raw split of training images: `train`, else the first one."""
    return "train" if "train" in labels else next(iter(labels))


def label_bytes(labels: np.ndarray) -> bytes:
    """The bytes of labels for a fingerprint of a dataset.

    Numbers that float32 holds exactly count as float32, as earlier versions kept them, so that
    their runs can be resumed.
    """
    single = labels.astype(np.float32) if labels.dtype == np.float64 else labels
    return (single if np.array_equal(single, labels) else labels).tobytes()


def check_classes(classes: np.ndarray, class_names: Sequence[str], in_training: np.ndarray) -> None:
    """Check that there are two or more classes, and that each has training images.

    Args:
        classes: Class ids, integers [M].
        class_names: Names of the class ids.
        in_training: Which of them are those of training images, booleans [M].

    Raises:
        InputError: If there are fewer than two classes, or one has no training images.
    """
    if len(class_names) < 2:
        raise InputError(
            "classes must be two or more",
            got=f"one class only, {class_names[0]!r}",
            accepted="labels of at least two classes, or images without labels",
        )
    counts = np.bincount(classes[in_training], minlength=len(class_names))
    untrained = np.flatnonzero(counts == 0)
    if len(untrained):
        more = f", and {len(untrained) - 1} more such" if len(untrained) > 1 else ""
        raise InputError(
            "each class needs training images",
            got=f"class {class_names[untrained[0]]!r} without any{more}",
            accepted="the same classes in training as in validation and test",
        )


def check_numbers(numbers: np.ndarray, where: str) -> None:
    """Check numbers to regress, float [N, K].

    Args:
        numbers: The numbers.
        where: What they belong to, for the message.

    Raises:
        InputError: If all images have the same numbers.
    """
    if len(numbers) and (numbers == numbers[0]).all():
        raise InputError(
            f"labels of {where} must differ",
            got=f"{','.join(f'{x:g}' for x in numbers[0])} for all {len(numbers):,} images",
            accepted="numbers to tell images apart by, or images without labels",
        )


def _kind(name: str, values: np.ndarray) -> str:
    is_column = values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1)
    if values.dtype.kind in "iub" and is_column:
        return "class ids"
    if values.dtype.kind == "U" and is_column:
        return "class names"
    if values.dtype.kind == "f" and values.ndim in (1, 2):
        return "numbers"
    raise InputError(
        f"labels of {name} must be class ids or numbers",
        got=f"{values.dtype} {list(values.shape)}",
        accepted="integers [N], or floats [N] or [N, K]",
    )


def _numbers(labels: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    numbers = {
        name: values.reshape(len(values), -1).astype(np.float64) for name, values in labels.items()
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
    training = training_split(numbers)
    check_numbers(numbers[training], training)
    return numbers


def _classes(labels: Mapping[str, np.ndarray]) -> ProbeLabels:
    labels = {name: _int64(name, values) for name, values in labels.items()}
    classes = np.unique(np.concatenate(list(labels.values())))
    if classes.dtype.kind == "i" and len(classes) and classes[0] < 0:
        raise InputError("class ids must not be negative", got=classes[0], accepted="0, 1, ...")
    if not len(classes):
        raise InputError("labels must be of two or more classes", got="no labels", accepted="some")
    ids = {
        name: np.searchsorted(classes, values).astype(np.int64) for name, values in labels.items()
    }
    training = training_split(ids)
    in_training = [np.full(len(rows), name == training) for name, rows in ids.items()]
    check_classes(
        np.concatenate(list(ids.values())),
        tuple(map(str, classes)),
        np.concatenate(in_training),
    )
    if classes.dtype.kind in "iu" and classes[-1] == len(classes) - 1:
        return ids, ()
    return ids, tuple(map(str, classes))


def _int64(name: str, values: np.ndarray) -> np.ndarray:
    """Class ids as int64, since NumPy makes floats of two types of integers; names and booleans as
    they are."""
    if values.dtype.kind in "Ub":
        return values
    if values.dtype == np.uint64 and len(values) and values.max() > np.iinfo(np.int64).max:
        raise InputError(
            f"class ids of {name} must fit into int64", got=values.max(), accepted="0, 1, ..."
        )
    return values.astype(np.int64)
