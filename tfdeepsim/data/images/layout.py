"""What the folders that image files lie in say of them: classes and splits.

The rules, in this order:

1. A single top folder that holds all images, and folders with images, is a wrapping and is taken
    off.
2. Top folders that are all named after splits, one of them for training, are splits.
3. In each split, or at the top where there are none, folders are classes; deeper folders belong to
    them.
   Images beside class folders are left out. Without folders there are no classes.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from tfdeepsim.data.images.files import Skipped
from tfdeepsim.errors import InputError

TRAIN, VALIDATION, TEST = range(3)

_PARTS = {
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
    """Images and what their folders say.

    Attributes:
        rows: Which of the names are images of the dataset, int64 [M].
        parts: TRAIN, VALIDATION or TEST, int8 [M]; all TRAIN where there are no split folders.
        classes: Class ids, int64 [M]; None without class folders.
        class_names: Of the class ids, sorted.
        wrapping: What all names begin with and was taken off, e.g. `photos/`.
        skipped: Names that are none, and why.
    """

    rows: np.ndarray
    parts: np.ndarray
    classes: np.ndarray | None
    class_names: tuple[str, ...]
    wrapping: str
    skipped: tuple[Skipped, ...]


def layout(names: Sequence[str], with_classes: bool = True) -> Layout:
    """Read classes and splits from the names of image files.

    Args:
        names: Relative, with `/`; one or more.
        with_classes: Whether folders may be classes; otherwise they are splits or nothing.

    Raises:
        InputError: If there is only one class, splits are without training or differ in kind, or a
            class has no training images.
    """
    wrapping = _wrapping(names)
    paths = [name[len(wrapping) :].split("/") for name in names]
    is_split = _are_splits({path[0] for path in paths if len(path) > 1})
    parts = np.full(len(names), TRAIN, np.int8)
    kept = np.ones(len(names), np.bool_)
    if is_split:
        for row, path in enumerate(paths):
            if len(path) > 1:
                parts[row] = _PARTS[path.pop(0).lower()]
            else:
                kept[row] = False
    has_classes = with_classes and _have_classes(paths, parts, kept)
    if has_classes:
        kept &= [len(path) > 1 for path in paths]
    beside = "outside the class folders" if has_classes else "outside the split folders"
    rows = np.flatnonzero(kept)
    classes, class_names = _classes([paths[row][0] for row in rows]) if has_classes else (None, ())
    if classes is not None:
        check_classes(classes, class_names, parts[rows])
    return Layout(
        rows=rows,
        parts=parts[rows],
        classes=classes,
        class_names=class_names,
        wrapping=wrapping,
        skipped=tuple((name, beside) for name, keep in zip(names, kept, strict=True) if not keep),
    )


def check_classes(classes: np.ndarray, class_names: Sequence[str], parts: np.ndarray) -> None:
    """Check that there is something to tell apart, and that it can be learned.

    Args:
        classes: Class ids, integers [M].
        class_names: Of the class ids.
        parts: TRAIN, VALIDATION or TEST, [M].

    Raises:
        InputError: If there are fewer than two classes, or one that has no training images.
    """
    if len(class_names) < 2:
        raise InputError(
            "classes must be two or more",
            got=f"one class only, {class_names[0]!r}",
            accepted="a folder for each class, or images without folders, which need no labels",
        )
    untrained = np.flatnonzero(
        np.bincount(classes[parts == TRAIN], minlength=len(class_names)) == 0
    )
    if len(untrained):
        more = f", and {len(untrained) - 1} more such" if len(untrained) > 1 else ""
        raise InputError(
            "each class needs training images",
            got=f"class {class_names[untrained[0]]!r} without any{more}",
            accepted="the same classes in training as in validation and test",
        )


def _wrapping(names: Sequence[str]) -> str:
    """The folders around all others, e.g. `photos/`; empty if there are none."""
    wrapping = ""
    while True:
        start = len(wrapping)
        top = {name[start:].partition("/")[0] for name in names}
        if len(top) > 1:
            return wrapping
        inner = f"{wrapping}{top.pop()}/"
        if not any(name.startswith(inner) and "/" in name[len(inner) :] for name in names):
            return wrapping
        wrapping = inner


def _are_splits(folders: set[str]) -> bool:
    parts = {_PARTS.get(folder.lower()) for folder in folders}
    if not parts or None in parts:
        return False
    if TRAIN not in parts:
        raise InputError(
            "split folders must hold a training folder",
            got=", ".join(sorted(folders)),
            accepted="train beside them, or class folders without splits",
        )
    return True


def _have_classes(paths: Sequence[Sequence[str]], parts: np.ndarray, kept: np.ndarray) -> bool:
    """Whether images lie in class folders: in all splits or in none."""
    deep = np.array([len(path) > 1 for path in paths])
    kinds = {part: bool(deep[kept & (parts == part)].any()) for part in np.unique(parts[kept])}
    if len(set(kinds.values())) > 1:
        names = ("train", "validation", "test")
        flat = ", ".join(names[part] for part, has_classes in kinds.items() if not has_classes)
        raise InputError(
            "split folders must all hold class folders, or none",
            got=f"no class folders in {flat}",
            accepted="class folders in each, or --labels with a CSV file",
        )
    return any(kinds.values())


def _classes(names: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    class_names = sorted(set(names))
    ids = {name: class_id for class_id, name in enumerate(class_names)}
    return np.array([ids[name] for name in names], np.int64), tuple(class_names)
