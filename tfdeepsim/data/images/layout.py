"""Classes and splits that follow from the folders that image files lie in.

The rules, in this order:

1. A single top folder that holds all images, and folders with images, is ignored: it is the common
   prefix of all names.
2. If all top folders are named after splits, and one of them is for training, they are the splits.
   With folders for training and for test or validation, others beside them are refused, as are
   names that only resemble those of splits: `split_folders` says what they are.
3. In each split, or at the top if there are no splits, folders are classes; deeper folders belong
   to them. Images beside class folders are left out. Without folders there are no classes.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np

from tfdeepsim.data.images.files import Skipped
from tfdeepsim.data.labels import check_classes
from tfdeepsim.errors import InputError

TRAIN, VALIDATION, TEST = range(3)
PARTS: dict[str, int | None] = {
    "train": TRAIN, "validation": VALIDATION, "test": TEST, "none": None
}  # fmt: skip
"""Parts of a dataset that a folder can be given; None for a folder that is left out."""

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


def layout(
    names: Sequence[str], with_classes: bool = True, split_folders: str | None = None
) -> Layout:
    """Derive classes and splits from the names of image files.

    Args:
        names: Relative paths, with `/`; one or more.
        with_classes: Whether folders may be classes; otherwise they can only be splits.
        split_folders: Part of each top folder, as in `DataOptions.split_folders`; None to follow
            the folders' names.

    Raises:
        InputError: If there is only one class, there are splits but none for training, folders of
            no known part beside those of splits, splits differ in having classes, or a class has no
            training images.
    """
    prefix = _common_prefix(names)
    paths = [name[len(prefix) :].split("/") for name in names]
    parts = _parts({path[0] for path in paths if len(path) > 1}, split_folders)
    split_ids = np.full(len(names), TRAIN, np.int8)
    is_used = np.ones(len(names), np.bool_)
    if parts:
        for row, path in enumerate(paths):
            part = parts[path.pop(0)] if len(path) > 1 else None
            is_used[row] = part is not None
            split_ids[row] = TRAIN if part is None else part
    has_classes = with_classes and _have_classes(paths, split_ids, is_used)
    if has_classes:
        is_used &= [len(path) > 1 for path in paths]
    reason = "outside the class folders" if has_classes else "outside the split folders"
    rows = np.flatnonzero(is_used)
    classes, class_names = _classes([paths[row][0] for row in rows]) if has_classes else (None, ())
    if classes is not None:
        check_classes(classes, class_names, split_ids[rows] == TRAIN)
    return Layout(
        rows=rows,
        split_ids=split_ids[rows],
        classes=classes,
        class_names=class_names,
        prefix=prefix,
        skipped=tuple((names[row], reason) for row in np.flatnonzero(~is_used).tolist()),
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


def _parts(folders: set[str], split_folders: str | None) -> dict[str, int | None]:
    """The part of each top folder; empty if they are no splits."""
    if split_folders is not None:
        return _named_parts(folders, split_folders)
    known = {folder: _SPLIT_FOLDERS.get(folder.lower()) for folder in folders}
    others = sorted(folder for folder, part in known.items() if part is None)
    splits = set(known.values()) - {None}
    if others and TRAIN in splits and len(splits) > 1:
        raise _unknown_part(
            "folders beside those for training and test must be given a part", others, folders
        )
    if others and _resemble_splits(folders):
        raise _unknown_part("folders that may be splits must be given a part", others, folders)
    if others or not folders:
        return {}
    if TRAIN not in splits:
        raise InputError(
            "split folders must hold a training folder",
            got=", ".join(sorted(folders)),
            accepted="train beside them, or class folders without splits",
        )
    return dict(known)


def _named_parts(folders: set[str], split_folders: str) -> dict[str, int | None]:
    if split_folders == "none":
        return {}
    parts: dict[str, int | None] = {f: _SPLIT_FOLDERS.get(f.lower()) for f in folders}
    for folder, part in parse_split_folders(split_folders).items():
        if folder not in folders:
            raise InputError(
                "--split-folders names folders at the top",
                got=folder,
                accepted=", ".join(sorted(folders)) or "no folders",
            )
        parts[folder] = part
    given = parse_split_folders(split_folders)
    if unknown := sorted(f for f, part in parts.items() if part is None and f not in given):
        raise _unknown_part("--split-folders must give each folder a part", unknown, folders)
    if TRAIN not in parts.values():
        raise InputError(
            "--split-folders must name a folder for training",
            got=split_folders,
            accepted="FOLDER=train for one folder",
        )
    return parts


def parse_split_folders(text: str) -> Mapping[str, int | None]:
    """Folders and their parts in the text of `--split-folders`.

    Raises:
        InputError: If the text has another form.
    """
    parts: dict[str, int | None] = {}
    for item in text.split(","):
        folder, _, part = item.rpartition("=")
        if not folder or part not in PARTS:
            raise InputError(
                "--split-folders has the form FOLDER=PART,...",
                got=text,
                accepted=f"a part of {', '.join(PARTS)}; or only none, for classes alone",
            )
        parts[folder] = PARTS[part]
    return parts


def _resemble_splits(folders: set[str]) -> bool:
    """Whether names like `seg_train` and `seg_test` are among the folders."""

    def named(words: str) -> bool:
        return any(
            re.search(rf"(^|[^a-z])({words})([^a-z]|$)", folder.lower()) for folder in folders
        )

    return named("train|training") and named("test|testing|val|valid|validation|eval")


def _unknown_part(rule: str, others: Sequence[str], folders: set[str]) -> InputError:
    named = [
        f"{folder}={'test' if 'test' in folder.lower() else 'train'}"
        if re.search("test|train", folder.lower())
        else f"{folder}=none"
        for folder in others[:3]
    ]
    return InputError(
        rule,
        got=f"{', '.join(others[:5])}{', ...' * (len(others) > 5)} among {len(folders)} folders",
        accepted=f"--split-folders {','.join(named)} (FOLDER=train, validation, test or none), or "
        "--split-folders none if all are classes",
    )


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
    # Systems spell accented letters in two ways.
    names = [unicodedata.normalize("NFC", name) for name in names]
    class_names = sorted(set(names))
    ids = {name: class_id for class_id, name in enumerate(class_names)}
    return np.array([ids[name] for name in names], np.int64), tuple(class_names)
