"""The sections of the page that hold scores, and what they allow to say."""

import re
from collections.abc import Sequence

from tfdeepsim.report.markup import Markup, breakable, joined, table, tag
from tfdeepsim.report.notes import (
    MARKING_RULE,
    baseline_notes,
    interval_notes,
    missing_notes,
    paired_notes,
)
from tfdeepsim.report.significance import Comparison
from tfdeepsim.report.wording import cell, chance, heading, seeds, verdict
from tfdeepsim.tables import printable

_FEW_TESTS = 6
_CHANCE = (
    "Chance: the best constant prediction for the labels that the probes learn from, on the same test split. "
    "From an encoder that does not beat it, the probes could read nothing."
)


def scores_section(comparison: Comparison, colours: dict[str, str]) -> Markup:
    """The table of one probe.

    Args:
        comparison: Its scores.
        colours: Of the rows, by their names.
    """
    titles = [
        tag("th", heading(comparison, m), class_="number", scope="col") for m in comparison.metrics
    ]
    titles.append(tag("th", "Seeds", class_="number", scope="col"))
    rows = [_row(comparison, run, colours[run]) for run in comparison.runs]
    levels = [
        tag("td", chance(comparison, metric), class_="number") for metric in comparison.metrics
    ]
    rows.append(tag("tr", tag("th", "Chance", scope="row"), *levels, tag("td"), class_="chance"))
    return joined(
        tag("h2", f"Scores of {printable(comparison.probe)} probes"),
        table([tag("th", "Encoder", scope="col"), *titles], rows),
    )


def reading_section(comparisons: Sequence[Comparison], missing_baselines: Sequence[str]) -> Markup:
    """What the numbers do and do not say."""
    others = [
        verdict(comparison, metric) for comparison in comparisons for metric in comparison.metrics
    ][1:]
    marked = any(
        comparison.marked(metric) for comparison in comparisons for metric in comparison.metrics
    )
    notes = [
        *others,
        _CHANCE,
        *baseline_notes(comparisons),
        *missing_notes(missing_baselines),
        *interval_notes(comparisons),
        *([MARKING_RULE] if marked else []),
    ]
    return joined(_paired(comparisons), _list(notes))


def _paired(comparisons: Sequence[Comparison]) -> Markup | None:
    """The paired tests: those of the first metric, and the others folded up; all of them where
    many."""
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
    """Text whose numbers, units and names stay on one line."""
    return re.sub(
        r" (?=[±%])|(?<=±) |(?<=\bP\.) |(?<=\bp) (?=[=<])|(?<=[=<]) ", "\N{NO-BREAK SPACE}", text
    )


def _list(sentences: Sequence[str]) -> Markup:
    return tag(
        "ul", *(tag("li", unbroken(printable(sentence))) for sentence in sentences), class_="note"
    )


def _row(comparison: Comparison, run: str, colour: str) -> Markup:
    under = " · ".join(
        printable(text) for text in (comparison.own(run), comparison.row(run)[0].comparator) if text
    )
    name = tag(
        "th",
        tag("span", class_="swatch", style=f"background:{colour}"),
        breakable(comparison.system(run)),
        tag("span", breakable(under), class_="under") if under else None,
        scope="row",
    )
    cells = [_cell(comparison, run, metric) for metric in comparison.metrics]
    class_ = "baseline" if run in comparison.baselines else None
    class_ = "baseline first" if run in comparison.baselines[:1] else class_
    return tag(
        "tr", name, *cells, tag("td", seeds(comparison, run), class_="number"), class_=class_
    )


def _cell(comparison: Comparison, run: str, metric: str) -> Markup:
    text = tag("span", cell(comparison, run, metric).replace("± ", "±\N{NO-BREAK SPACE}"))
    best = run in comparison.marked(metric)
    return tag(
        "td",
        text,
        class_="number best" if best else "number",
        title="best, or as good" if best else None,
    )
