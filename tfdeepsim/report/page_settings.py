"""The sections of the page on how the rows came about: settings, chosen probes, environments."""

from collections.abc import Iterable, Sequence
from typing import Any

from tfdeepsim.report.markup import Markup, breakable, joined, table, tag
from tfdeepsim.report.record import Record
from tfdeepsim.report.settings import compare_settings, flatten
from tfdeepsim.report.significance import Comparison
from tfdeepsim.tables import printable


def settings_section(records: Sequence[Record]) -> Markup | None:
    """What the trained runs were asked for."""
    known = [record for record in records if record.config is not None]
    others = [record for record in records if record.origin]
    if not known and not others:
        return None
    several = any(record.over == "encoder" for record in known)
    note = "Of several encoder seeds these are the first one's; the others differ in seed alone."
    return joined(
        tag("h2", "Settings"),
        tag("p", note, class_="note") if several else None,
        _settings([record.config or {} for record in known], known),
        _origins(others) if others else None,
    )


def _origins(records: Sequence[Record]) -> Markup:
    """What the rows are that no run trained."""
    rows = [
        tag("tr", row_title(record, scope="row"), tag("td", *_lines(record.origin or {})))
        for record in records
    ]
    return joined(tag("h3", "Baselines and external encoders"), table([], rows, "settings"))


def environments_section(records: Sequence[Record]) -> Markup | None:
    """On what the trained runs were trained."""
    known = [record for record in records if record.environment is not None]
    lacking = _without(records, "environment")
    if not known and not lacking:
        return None
    values = [record.environment or {} for record in known]
    return joined(tag("h2", "Environment"), _settings(values, known), *lacking)


def probes_section(records: Sequence[Record], comparison: Comparison) -> Markup:
    """Which probe was chosen, for each row and seed."""
    seeds = max((len(record.probes or []) for record in records), default=0)
    rows = [
        tag(
            "tr",
            row_title(record, scope="row"),
            *(tag("td", *_lines(probe)) for probe in record.probes),
        )
        for record in records
        if record.probes
    ]
    titles = [
        tag("td"),
        *(tag("th", f"Probe {number}", scope="col") for number in range(1, seeds + 1)),
    ]
    return joined(
        tag("h2", f"Chosen {printable(comparison.probe)} probes"),
        table(titles, rows, "settings") if rows else None,
        *_without(records, "probes"),
    )


def row_title(record: Record, scope: str, class_: str | None = None) -> Markup:
    """The cell of a table that names a row of the report: what it is, and below it its own name,
    short."""
    under = tag("span", breakable(record.short), class_="under") if record.short else None
    return tag("th", breakable(record.system), under, scope=scope, class_=class_)


def _settings(values: Sequence[dict[str, Any]], records: Sequence[Record]) -> Markup:
    """What differs between rows first, then what they share."""
    differing, common = compare_settings(values)
    parts: list[Markup | None] = []
    if differing:
        columns = [row_title(record, scope="col") for record in records]
        rows = [
            tag(
                "tr",
                tag("th", tag("code", printable(name)), scope="row"),
                *(tag("td", breakable(printable(text))) for text in texts),
            )
            for name, texts in differing.items()
        ]
        parts += [
            tag("h3", "Different between runs"),
            table([tag("td"), *columns], rows, "settings"),
        ]
    if common:
        pairs = [
            tag(
                "div",
                tag("dt", tag("code", printable(name))),
                tag("dd", breakable(printable(text))),
            )
            for name, text in common.items()
        ]
        parts += [tag("h3", "Common to all runs") if differing else None, tag("dl", *pairs)]
    return joined(*parts)


def _lines(values: dict[str, Any]) -> Iterable[Markup]:
    for name, text in flatten(values).items():
        yield tag("span", f"{printable(name).replace('_', ' ')}: {printable(text)}", class_="under")


def _without(records: Sequence[Record], field: str) -> list[Markup]:
    """A sentence for each row that lacks a part."""
    return [
        tag("p", f"{r.called} {r.missing[field]}.", class_="note")
        for r in records
        if field in r.missing
    ]
