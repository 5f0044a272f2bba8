"""Labels of image files, from a CSV file."""

import csv
import dataclasses
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.files import home_path

_SPELLING = (
    "a header file,NAME[,NAME...] and a row for each image: its relative path and its values"
)
_PLAIN_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclasses.dataclass(frozen=True, eq=False)
class CsvLabels:
    """Labels in the order of the image files.

    Attributes:
        values: Numbers to regress, float64 [N, K], or class ids, int64 [N].
        class_names: Names of the class ids, sorted; empty for regression.

    Example:
        >>> read_csv_labels("labels.csv", ["1.png", "2.png"]).class_names
        ('cat', 'dog')
    """

    values: np.ndarray
    class_names: tuple[str, ...]


def read_csv_labels(
    path: str, names: Sequence[str], prefix: str = "", label_type: str = "auto"
) -> CsvLabels:
    """Read the labels of all images.

    Columns in which every value is a plain decimal number, such as `-1.5e3`, are regressed by
    probes; any other single column is a class.

    Args:
        path: CSV file in UTF-8 with the columns `file,NAME[,NAME...]`. `file` is the name of an
            image, with or without `prefix`, or its last part if no other image has the same.
        names: Image files: relative paths, with `/`.
        prefix: What all names begin with.
        label_type: `class` to take a column of numbers for classes, `number` to refuse anything
            else than numbers, or `auto`.

    Raises:
        InputError: If the file cannot be read, has another form, or does not have one row for each
            image.
    """
    rows = _read(home_path(path))
    keys = _keys(names, prefix)
    values: list[list[str] | None] = [None] * len(names)
    unknown, repeated = [], []
    for file, *cells in rows:
        row = keys.get(_key(PurePosixPath(file.replace("\\", "/")).as_posix()))
        if row is None:
            unknown.append(file)
        elif values[row] is not None:
            repeated.append(file)
        else:
            values[row] = cells
    missing = [name for name, cells in zip(names, values, strict=True) if cells is None]
    _refuse(
        path, unknown, "for files that are no images of the dataset, or have names of more than one"
    )
    _refuse(path, repeated, "for images that have one already")
    if missing:
        raise InputError(
            "--labels needs a row for each image",
            got=f"{path} without {len(missing):,} of {len(names):,} images, e.g. {missing[0]}",
            accepted=_SPELLING,
        )
    return _parse(path, names, [cells for cells in values if cells is not None], label_type)


def _read(path: Path) -> list[list[str]]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            header, *rows = [row for row in csv.reader(file, strict=True) if row] or [[]]
    except (OSError, ValueError, csv.Error) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
    if len(header) < 2 or header[0].strip().lower() != "file":
        raise _unreadable(path, f"the header {','.join(header)[:80]!r}")
    rows = [[cell.strip() for cell in row] for row in rows]
    for row in rows:
        if len(row) != len(header):
            raise _unreadable(path, f"{len(row)} values for {len(header)} columns at {row[0]}")
        if not all(row):
            raise _unreadable(path, f"an empty value at {row[0] or 'a row without a file'}")
    return rows


def _keys(names: Sequence[str], prefix: str) -> Mapping[str, int]:
    """Row of each spelling of a name; a spelling that two images share counts for neither."""
    keys: dict[str, int | None] = {}
    names = [_key(name) for name in names]
    prefix = _key(prefix)
    for row, name in enumerate(names):
        last = name.rpartition("/")[2]
        keys[last] = row if last not in keys else None
    for row, name in enumerate(names):
        keys[name[len(prefix) :]] = row
    for row, name in enumerate(names):
        keys[name] = row
    return {key: row for key, row in keys.items() if row is not None}


def _key(name: str) -> str:
    """A name in the one spelling of accented letters."""
    return unicodedata.normalize("NFC", name)


def _parse(
    path: str, names: Sequence[str], cells: Sequence[Sequence[str]], label_type: str
) -> CsvLabels:
    texts = [
        (row, column)
        for row, values in enumerate(cells)
        for column, value in enumerate(values)
        if not _PLAIN_DECIMAL.fullmatch(value)
    ]
    one_column = len(cells[0]) == 1
    if one_column and label_type != "number" and (texts or label_type == "class"):
        class_names = sorted({row[0] for row in cells})
        ids = {name: class_id for class_id, name in enumerate(class_names)}
        return CsvLabels(np.array([ids[row[0]] for row in cells], np.int64), tuple(class_names))
    if texts or label_type == "class":
        row, column = texts[0] if texts else (0, 1)
        raise InputError(
            "--labels holds columns of plain decimal numbers, or one column of classes",
            got=f"{cells[row][column][:40]!r} for {names[row]} in {path}"
            + (f", one of {len(texts):,} such" if texts else " with --label-type class"),
            accepted="numbers only" if label_type == "number" else "numbers only, or one column",
        )
    values = np.array([[float(cell) for cell in row] for row in cells], np.float64)
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise InputError(
            "--labels must be finite",
            got=f"{','.join(cells[bad[0]])} for {names[bad[0]]} in {path}, "
            f"one of {len(bad):,} such",
            accepted="numbers that a double can hold",
        )
    return CsvLabels(values, ())


def _refuse(path: str, files: Sequence[str], what: str) -> None:
    if files:
        raise InputError(
            "--labels needs one row for each image and no other",
            got=f"{path} with {len(files):,} rows {what}, e.g. {files[0]}",
            accepted=_SPELLING,
        )


def _unreadable(path: Path, reason: str) -> InputError:
    return InputError(
        "--labels must be a readable CSV file", got=f"{path} ({reason})", accepted=_SPELLING
    )
