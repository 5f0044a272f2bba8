"""Classes and splits that follow from the folders that image files lie in.

The rules, in this order:

1. A single top folder that holds all images, and folders with images, is ignored: it is the common
   prefix of all names.
2. If all top folders are named after splits, and one of them is for training, they are the splits.
3. In each split, or at the top if there are no splits, folders are classes; deeper folders belong
   to them. Images beside class folders are left out. Without folders there are no classes.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from tfdeepsim.data.images.files import Skipped
from tfdeepsim.errors import InputError

TRAIN, VALIDATION, TEST = range(3)

_SPLIT_FOLDERS = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "test": TEST,
    "testing": TEST,
}


@dataclasses.dataclass(frozen=True, eq=False)
class Layout:
    """Images, with the classes and splits that follow from their folders.

    Attributes:
        rows: Which of the names are images of the dataset, int64 [M].
        split_ids: TRAIN, VALIDATION or TEST, int8 [M]; all TRAIN if there are no split folders.
        classes: Class ids, int64 [M]; None without class folders.
        class_names: Names of the class ids, sorted.
        prefix: What all names begin with, e.g. `photos/`.
        skipped: Names that are not images of the dataset, and the reason for each.

    Example:
        >>> layout(["photos/cat/1.png", "photos/dog/1.png"]).class_names
        ('cat', 'dog')
    """

    rows: np.ndarray
    split_ids: np.ndarray
    classes: np.ndarray | None
    class_names: tuple[str, ...]
    prefix: str
    skipped: tuple[Skipped, ...]


def layout(names: Sequence[str], with_classes: bool = True) -> Layout:
    """Derive classes and splits from the names of image files.

    Args:
        names: Relative paths, with `/`; one or more.
        with_classes: Whether folders may be classes; otherwise they can only be splits.

    Raises:
        InputError: If there is only one class, there are splits but none for training, splits
            differ in having classes, or a class has no training images.
    """
    prefix = _common_prefix(names)
    paths = [name[len(prefix) :].split("/") for name in names]
    has_splits = _are_splits({path[0] for path in paths if len(path) > 1})
    split_ids = np.full(len(names), TRAIN, np.int8)
    is_used = np.ones(len(names), np.bool_)
    if has_splits:
        for row, path in enumerate(paths):
            if len(path) > 1:
                split_ids[row] = _SPLIT_FOLDERS[path.pop(0).lower()]
            else:
                is_used[row] = False
    has_classes = with_classes and _have_classes(paths, split_ids, is_used)
    if has_classes:
        is_used &= [len(path) > 1 for path in paths]
    reason = "outside the class folders" if has_classes else "outside the split folders"
    rows = np.flatnonzero(is_used)
    classes, class_names = _classes([paths[row][0] for row in rows]) if has_classes else (None, ())
    if classes is not None:
        check_classes(classes, class_names, split_ids[rows])
    return Layout(
        rows=rows,
        split_ids=split_ids[rows],
        classes=classes,
        class_names=class_names,
        prefix=prefix,
        skipped=tuple((names[row], reason) for row in np.flatnonzero(~is_used).tolist()),
    )


def check_classes(classes: np.ndarray, class_names: Sequence[str], split_ids: np.ndarray) -> None:
    """Check that there are two or more classes, and that each has training images.

    Args:
        classes: Class ids, integers [M].
        class_names: Names of the class ids.
        split_ids: TRAIN, VALIDATION or TEST, [M].

    Raises:
        InputError: If there are fewer than two classes, or one has no training images.
    """
    if len(class_names) < 2:
        raise InputError(
            "classes must be two or more",
            got=f"one class only, {class_names[0]!r}",
            accepted="a folder for each class, or images without folders, which need no labels",
        )
    counts = np.bincount(classes[split_ids == TRAIN], minlength=len(class_names))
    untrained = np.flatnonzero(counts == 0)
    if len(untrained):
        more = f", and {len(untrained) - 1} more such" if len(untrained) > 1 else ""
        raise InputError(
            "each class needs training images",
            got=f"class {class_names[untrained[0]]!r} without any{more}",
            accepted="the same classes in training as in validation and test",
        )


def _common_prefix(names: Sequence[str]) -> str:
    """The folders around all others, e.g. `photos/`; empty if there are none."""
    prefix = ""
    while True:
        start = len(prefix)
        top = {name[start:].partition("/")[0] for name in names}
        if len(top) > 1:
            return prefix
        inner = f"{prefix}{top.pop()}/"
        if not any(name.startswith(inner) and "/" in name[len(inner) :] for name in names):
            return prefix
        prefix = inner


def _are_splits(folders: set[str]) -> bool:
    split_ids = {_SPLIT_FOLDERS.get(folder.lower()) for folder in folders}
    if not split_ids or None in split_ids:
        return False
    if TRAIN not in split_ids:
        raise InputError(
            "split folders must hold a training folder",
            got=", ".join(sorted(folders)),
            accepted="train beside them, or class folders without splits",
        )
    return True


def _have_classes(
    paths: Sequence[Sequence[str]], split_ids: np.ndarray, is_used: np.ndarray
) -> bool:
    """Whether images lie in class folders: in all splits or in none."""
    in_folder = np.array([len(path) > 1 for path in paths])
    by_split = {
        split_id: bool(in_folder[is_used & (split_ids == split_id)].any())
        for split_id in np.unique(split_ids[is_used])
    }
    if len(set(by_split.values())) > 1:
        names = ("train", "validation", "test")
        flat = ", ".join(names[split] for split, has_classes in by_split.items() if not has_classes)
        raise InputError(
            "split folders must all hold class folders, or none",
            got=f"no class folders in {flat}",
            accepted="class folders in each, or --labels with a CSV file",
        )
    return any(by_split.values())


def _classes(names: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    class_names = sorted(set(names))
    ids = {name: class_id for class_id, name in enumerate(class_names)}
    return np.array([ids[name] for name in names], np.int64), tuple(class_names)
