"""The table of inversions on a terminal, as Markdown and as CSV.

It is like Table 8 of Dosovitskiy & Brox 2016.
"""

import csv
import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfdeepsim.files import replacing, spreadsheet_cell
from tfdeepsim.inversion.score import InversionScore
from tfdeepsim.scores import interval
from tfdeepsim.tables import ABSENT, Table, print_table, table_markdown

if TYPE_CHECKING:
    from rich.console import Console

COLUMNS = (
    ("image_error", "Image error (%) ↓", 100.0, 1),
    ("feature_error", "Feature error (%) ↓", 100.0, 1),
    ("ssim", "SSIM ↑", 1.0, 3),
    ("gradient_ratio", "Gradients (1 = real)", 1.0, 2),
)
"""Field, title, factor and decimals of each measure."""

Paper = Mapping[tuple[str, str], str]
"""Features and method to the errors that a paper reports, in percent: `image / feature`."""


@dataclasses.dataclass(frozen=True)
class InversionTable:
    """Scores of inversions, one row for each layer and method.

    Several seeds of a layer and method are one row with a 95 % interval.

    Attributes:
        scores: Scores, in the order shown.
        paper: Values that a paper reports, shown in the last column; empty for no such column.
        notes: Sentences below the table.
        title: Line above the table.
        other_papers: Values that other papers report, by the heading of their column.

    Example:
        >>> table = InversionTable(scores, {("alexnet:fc6", "DeePSiM"): "55 / 48"})
        >>> print_inversions(table)
    """

    scores: Sequence[InversionScore]
    paper: Paper = dataclasses.field(default_factory=dict)
    notes: Sequence[str] = ()
    title: str = "Images from features"
    other_papers: Mapping[str, Paper] = dataclasses.field(default_factory=dict)


def print_inversions(table: InversionTable, console: "Console | None" = None) -> None:
    """Print the table.

    Args:
        table: Table to print.
        console: Console to print to; None for standard output.
    """
    print_table(_as_text(table), console)


def write_inversions(folder: str | os.PathLike, table: InversionTable) -> None:
    """Write `inversions.csv`, with one line for each score, and `inversions.md`.

    Args:
        folder: Folder that the files are written to; it is created if it does not exist, and
            earlier files are replaced.
        table: Table to write.
    """
    with replacing(Path(folder, "inversions.md")) as new:
        new.write_text(table_markdown(_as_text(table)), encoding="utf-8")
    with (
        replacing(Path(folder, "inversions.csv")) as new,
        open(new, "w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(InversionScore)])
        writer.writeheader()
        for score in table.scores:
            row = dataclasses.asdict(score)
            writer.writerow({name: spreadsheet_cell(value) for name, value in row.items()})


def _as_text(table: InversionTable) -> Table:
    groups: dict[tuple[str, str], list[InversionScore]] = {}
    for score in table.scores:
        groups.setdefault((score.features, score.method), []).append(score)
    titles = ["Features", "Method", *(title for _, title, _, _ in COLUMNS), "Seeds"]
    papers = {"Paper: image / feature": table.paper} if table.paper else {}
    papers |= table.other_papers
    rows = []
    for key, scores in groups.items():
        measured = [
            _shown([factor * getattr(score, field) for score in scores], decimals)
            for field, _, factor, decimals in COLUMNS
        ]
        rows.append([*key, *measured, str(len(scores))])
        rows[-1] += [values.get(key, ABSENT) for values in papers.values()]
    titles += papers
    return Table(table.title, titles, [rows], table.notes, text_columns=(0, 1))


def _shown(values: Sequence[float], decimals: int) -> str:
    mean, low, _ = interval(values)
    spread = "" if math.isnan(low) else f" ± {mean - low:.{decimals}f}"
    return f"{mean:z.{decimals}f}{spread}"
