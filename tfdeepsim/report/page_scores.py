"""The sections of the page with scores, and with what can be concluded from them."""

import re
from collections.abc import Sequence

from tfdeepsim.report.label_notes import label_notes
from tfdeepsim.report.markup import Markup, breakable, joined, table, tag
from tfdeepsim.report.notes import (
    MARKING_RULE,
    baseline_notes,
    interval_notes,
    missing_notes,
    paired_notes,
    pixel_notes,
)
from tfdeepsim.report.row_comparison import RowComparison
from tfdeepsim.report.wording import cell, chance, conclusion, heading, seeds
from tfdeepsim.tables import printable

_FEW_TESTS = 6
_CHANCE = (
    "Chance is the score of the best constant prediction: one that is fitted to the labels that "
    "the probes learn from, and scored on the same test split. If an encoder does not beat it, "
    "the probes learned nothing from its embeddings."
)


def scores_section(comparison: RowComparison, colours: dict[str, str]) -> Markup:
    """The table of one probe; distances on LLv2 are in units, and then in pixels of the frame.

    Args:
        comparison: Scores with this probe.
        colours: Colour of each row, by the row's name.
    """
    pixels = comparison.in_pixels()
    columns = [
        (unit, metric)
        for unit in ([comparison, pixels] if pixels else [comparison])
        for metric in unit.metrics
    ]
    titles = [tag("th", heading(*column), class_="number", scope="col") for column in columns]
    titles.append(tag("th", "Seeds", class_="number", scope="col"))
    rows = [_row(comparison, columns, row, colours[row]) for row in comparison.rows]
    levels = [tag("td", chance(*column), class_="number") for column in columns]
    rows.append(tag("tr", tag("th", "Chance", scope="row"), *levels, tag("td"), class_="chance"))
    return joined(
        tag("h2", f"Scores of {printable(comparison.probe)} probes"),
        table([tag("th", "Encoder", scope="col"), *titles], rows),
    )


def reading_section(
    comparisons: Sequence[RowComparison], missing_baselines: Sequence[str]
) -> Markup:
    """What can and cannot be concluded from the scores.

    Args:
        comparisons: Scores, one comparison for each probe.
        missing_baselines: Sentences that say which baselines are missing and why.
    """
    # The first conclusion stands at the top of the page.
    others = [
        conclusion(comparison, metric)
        for comparison in comparisons
        for metric in comparison.metrics
    ][1:]
    marked = any(
        comparison.marked(metric) for comparison in comparisons for metric in comparison.metrics
    )
    notes = [
        *others,
        _CHANCE,
        *label_notes(comparisons),
        *baseline_notes(comparisons),
        *missing_notes(missing_baselines),
        *interval_notes(comparisons),
        *pixel_notes(comparisons),
        *([MARKING_RULE] if marked else []),
    ]
    return joined(_paired(comparisons), _list(notes))


def _paired(comparisons: Sequence[RowComparison]) -> Markup | None:
    """The paired tests: those of the first metric if they are few, and the others folded up."""
    groups = paired_notes(comparisons)
    if not groups:
        return None
    *tests, note = groups
    shown = tests.pop(0) if len(tests[0]) <= _FEW_TESTS else []
    folded = [sentence for group in tests for sentence in group]
    parts = tag("summary", f"{len(folded)} {'other ' if shown else ''}paired tests"), _list(folded)
    return joined(
        tag("h3", "Paired tests"),
        _list([*shown, *note]),
        tag("details", *parts) if folded else None,
    )


def unbroken(text: str) -> str:
    """Text in which numbers stay on one line with their units, and names with their parts."""
    return re.sub(
        r" (?=[±%])|(?<=±) |(?<=\bP\.) |(?<=\bp) (?=[=<])|(?<=[=<]) ", "\N{NO-BREAK SPACE}", text
    )


def _list(sentences: Sequence[str]) -> Markup:
    return tag(
        "ul", *(tag("li", unbroken(printable(sentence))) for sentence in sentences), class_="note"
    )


def _row(
    comparison: RowComparison,
    columns: Sequence[tuple[RowComparison, str]],
    row: str,
    colour: str,
) -> Markup:
    under = " · ".join(
        printable(text)
        for text in (comparison.own_name(row), comparison.row_scores(row)[0].comparator)
        if text
    )
    name = tag(
        "th",
        tag("span", class_="swatch", style=f"background:{colour}"),
        breakable(comparison.system(row)),
        tag("span", breakable(under), class_="under") if under else None,
        scope="row",
    )
    cells = [_cell(unit, row, metric) for unit, metric in columns]
    class_ = "baseline" if row in comparison.baselines else None
    class_ = "baseline first" if row in comparison.baselines[:1] else class_
    return tag(
        "tr", name, *cells, tag("td", seeds(comparison, row), class_="number"), class_=class_
    )


def _cell(comparison: RowComparison, row: str, metric: str) -> Markup:
    text = tag("span", cell(comparison, row, metric).replace("± ", "±\N{NO-BREAK SPACE}"))
    best = row in comparison.marked(metric)
    return tag(
        "td",
        text,
        class_="number best" if best else "number",
        title="best, or not distinguishable from the best" if best else None,
    )
