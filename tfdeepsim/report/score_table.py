"""The table of scores for a terminal and as Markdown, like Table 1 of Pihlgren et al. 2020."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tfdeepsim.data.naming import dataset_name
from tfdeepsim.report.notes import table_notes
from tfdeepsim.report.row_comparison import RowComparison, compare_rows
from tfdeepsim.report.wording import cell, chance, heading, seeds
from tfdeepsim.scores import Score
from tfdeepsim.tables import ABSENT, Cell, Row, Table, print_table, table_markdown

if TYPE_CHECKING:
    from rich.console import Console


def print_scores(
    scores: Iterable[Score],
    console: "Console | None" = None,
    missing_baselines: Sequence[str] = (),
) -> None:
    """Print one table for each probe, with one row for each encoder and one column for each metric.

    Baselines stand below a line. The best values carry a star. On LLv2 a second table shows the
    same distances in pixels of the frame.

    Args:
        scores: Scores on one dataset.
        console: Console to print to; None for standard output.
        missing_baselines: Sentences that say which baselines are missing and why; printed below
            the tables.

    Raises:
        InputError: If there is no score, if there are several datasets, or if a row has two scores
            of the same probe and metric.
    """
    from tfdeepsim.console import PlainConsole

    console = console or PlainConsole()
    for place, table in enumerate(_tables(scores, "*", missing_baselines)):
        if place:
            console.print()
        print_table(table, console)


def scores_markdown(scores: Iterable[Score], missing_baselines: Sequence[str] = ()) -> str:
    """Scores as GitHub-flavoured Markdown; the best values are bold, names of baselines italic.

    Args:
        scores: As for `print_scores`.
        missing_baselines: As for `print_scores`.

    Raises:
        InputError: As for `print_scores`.
    """
    return "\n".join(map(table_markdown, _tables(scores, "Bold", missing_baselines)))


def score_tables(comparisons: Sequence[RowComparison]) -> list[Table]:
    """The tables of each probe without their notes; on LLv2 a second one is in pixels.

    Args:
        comparisons: The scores of each probe, as `compare_rows` makes them.

    Example:
        >>> [table.title for table in score_tables(compare_rows(scores))]
        ['llv2/small, probe mlp', 'llv2/small, probe mlp, in pixels of the frame']
    """
    tables = []
    for comparison in comparisons:
        tables.append(_table(comparison))
        if pixels := comparison.in_pixels():
            tables.append(_table(pixels, "in pixels of the frame"))
    return tables


def _tables(scores: Iterable[Score], mark: str, missing_baselines: Sequence[str]) -> list[Table]:
    """The tables of each probe; the notes stand below the last one."""
    comparisons = compare_rows(scores)
    *first, last = score_tables(comparisons)
    notes = table_notes(comparisons, mark, missing_baselines)
    return [*first, dataclasses.replace(last, notes=notes)]


def _table(comparison: RowComparison, unit: str = "") -> Table:
    name = dataset_name(comparison.dataset)
    titles = [heading(comparison, metric) for metric in comparison.metrics]
    levels = [chance(comparison, metric) for metric in comparison.metrics]
    sections = [
        [_row(comparison, row) for row in group]
        for group in (comparison.encoders, comparison.baselines)
    ]
    return Table(
        title=", ".join(filter(None, [name, f"probe {comparison.probe}", unit])),
        headings=["Encoder", "Run", "Comparator", *titles, "Seeds"],
        sections=[*sections, [[Cell(text, "faint") for text in ("Chance", "", "", *levels, "")]]],
        text_columns=(0, 1, 2),
    )


def _row(comparison: RowComparison, row: str) -> Row:
    look = "baseline" if row in comparison.baselines else ""
    return [
        Cell(comparison.system(row), look),
        comparison.own_name(row) or ABSENT,
        comparison.row_scores(row)[0].comparator or ABSENT,
        *(
            Cell(cell(comparison, row, metric), "best" if row in comparison.marked(metric) else "")
            for metric in comparison.metrics
        ),
        seeds(comparison, row),
    ]
