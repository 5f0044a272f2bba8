"""The table of fidelities on a terminal, as Markdown and as CSV.

The values that a paper reports can stand beside the obtained ones.
"""

import csv
import dataclasses
import io
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.fidelity import Fidelity
from tfdeepsim.files import replacing
from tfdeepsim.tables import ABSENT, Table, print_table, table_markdown

if TYPE_CHECKING:
    from rich.console import Console

Value = float | str

HEADINGS = {
    "normalized_error": "Image error (%) ↓",
    "feature_error": "Feature error (%) ↓",
    "ssim": "SSIM ↑",
    "fid": "FID ↓",
    "kid": "KID ↓",
    "gradient_ratio": "Gradients (1 = real)",
    "gradient_distance": "Gradient distance ↓",
}
"""Field of `Fidelity` to the title of its column."""

_DECIMALS = {"normalized_error": 1, "feature_error": 1, "ssim": 3, "gradient_ratio": 2}
_SCALE = dict.fromkeys(("normalized_error", "feature_error"), 100.0)
_PAPER = "Paper"


@dataclasses.dataclass(frozen=True)
class FidelityTable:
    """Fidelities of several models, and other values of each of them.

    Attributes:
        rows: Name of each row to its fidelity, in the order shown.
        extra: Title of each further column to its values, by the name of the row; values that are
            text are shown unchanged.
        paper: Field of `HEADINGS`, or title of `extra`, to the values that a paper reports, by the
            name of the row and in the unit of the field. They stand in a column at the right of the
            obtained values.
        notes: Sentences below the table, e.g. on the feature extractor and the number of images.
        title: Line above the table.

    Raises:
        InputError: If there is no row, or if a value belongs to no row or column of the table.

    Example:
        >>> table = FidelityTable({"SE": fidelity}, paper={"normalized_error": {"SE": 0.153}})
        >>> print_fidelity(table)
    """

    rows: Mapping[str, Fidelity]
    extra: Mapping[str, Mapping[str, Value]] = dataclasses.field(default_factory=dict)
    paper: Mapping[str, Mapping[str, Value]] = dataclasses.field(default_factory=dict)
    notes: Sequence[str] = ()
    title: str = "Generated images beside real ones"

    def __post_init__(self) -> None:
        if not self.rows:
            raise InputError("a table needs rows", got="none", accepted="one fidelity or more")
        columns = [*HEADINGS, *self.extra]
        for column in self.paper:
            if column not in columns:
                raise InputError(
                    "a paper's column must be a column of the table",
                    got=column,
                    accepted=", ".join(columns),
                )
        for values in (*self.extra.values(), *self.paper.values()):
            for name in values:
                if name not in self.rows:
                    raise InputError(
                        "a value must belong to a row of the table",
                        got=name,
                        accepted=", ".join(self.rows),
                    )


def print_fidelity(table: FidelityTable, console: "Console | None" = None) -> None:
    """Print one row for each name and one column for each measure.

    Args:
        table: Table to print.
        console: Console to print to; None for standard output.
    """
    print_table(_as_text(table), console)


def fidelity_markdown(table: FidelityTable) -> str:
    """The table as GitHub-flavoured Markdown, with its notes below."""
    return table_markdown(_as_text(table))


def fidelity_csv(table: FidelityTable) -> str:
    """The table as CSV with unrounded numbers, one column for each field of `Fidelity`.

    The names of columns with a paper's values begin with `paper_`. Shares are not in percent. Cells
    without a value are empty.
    """
    records = {
        name: {"name": name, **dataclasses.asdict(fidelity)}
        for name, fidelity in table.rows.items()
    }
    titles = list(records[next(iter(records))])
    for prefix, group in (("", table.extra), ("paper_", table.paper)):
        for title, values in group.items():
            titles.append(prefix + title)
            for name, value in values.items():
                records[name][prefix + title] = value
    file = io.StringIO()
    writer = csv.DictWriter(file, titles, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records.values())
    return file.getvalue()


def write_fidelity(folder: str | os.PathLike, table: FidelityTable) -> None:
    """Write `fidelity.csv` and `fidelity.md`.

    Args:
        folder: Folder that the files are written to; it is created if it does not exist, and
            earlier files are replaced.
        table: Table to write.
    """
    for name, text in (
        ("fidelity.csv", fidelity_csv(table)),
        ("fidelity.md", fidelity_markdown(table)),
    ):
        with replacing(Path(folder, name)) as new:
            new.write_text(text, encoding="utf-8")


def _as_text(table: FidelityTable) -> Table:
    columns = [["", *table.rows]]
    for field, title in HEADINGS.items():
        obtained = {name: getattr(fidelity, field) for name, fidelity in table.rows.items()}
        columns += _column(table, field, title, obtained)
    for title, values in table.extra.items():
        columns += _column(table, title, title, values)
    headings, *rows = zip(*columns, strict=True)
    return Table(table.title, headings, [rows], table.notes)


def _column(
    table: FidelityTable, key: str, title: str, values: Mapping[str, Value]
) -> list[list[str]]:
    """A column with its title, and the column of the paper's values if there are any."""
    reported = table.paper.get(key, {})
    both = (*values.values(), *reported.values())
    numbers = [value for value in both if not isinstance(value, str)]
    decimals = _DECIMALS[key] if key in _DECIMALS else _decimals(numbers)

    def shown(value: Value | None) -> str:
        return _shown(value, _SCALE.get(key, 1.0), decimals)

    cells = [shown(values.get(name)) for name in table.rows]
    if key == "kid":
        spreads = [fidelity.kid_deviation for fidelity in table.rows.values()]
        cells = [f"{cell} ± {shown(spread)}" for cell, spread in zip(cells, spreads, strict=True)]
    if not reported:
        return [[title, *cells]]
    return [[title, *cells], [_PAPER, *(shown(reported.get(name)) for name in table.rows)]]


def _shown(value: Value | None, scale: float, decimals: int) -> str:
    if isinstance(value, str):
        return value
    return ABSENT if value is None or math.isnan(value) else f"{value * scale:z.{decimals}f}"


def _decimals(values: Sequence[float]) -> int:
    """Decimals for three significant digits of the largest value; tiny values are shown as 0."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return min(6, max(0, 2 - math.floor(math.log10(largest)))) if largest else 2
