"""The sections of the page on settings, chosen probes and environments."""

from collections.abc import Iterable, Sequence
from typing import Any

from tfdeepsim.report.markup import Markup, breakable, joined, table, tag
from tfdeepsim.report.record import Record
from tfdeepsim.report.row_comparison import RowComparison
from tfdeepsim.report.settings import compare_settings, flatten
from tfdeepsim.tables import printable


def settings_section(records: Sequence[Record]) -> Markup | None:
    """Settings of the trained runs, of baselines and of external encoders."""
    trained = [record for record in records if record.config is not None]
    others = [record for record in records if record.origin]
    if not trained and not others:
        return None
    several = any(record.over == "encoder" for record in trained)
    note = (
        "Where a row stands for several encoder seeds, these are the settings of the first; the "
        "others differ in the seed only."
    )
    return joined(
        tag("h2", "Settings"),
        tag("p", note, class_="note") if several else None,
        _settings([record.config or {} for record in trained], trained),
        _origins(others) if others else None,
    )


def _origins(records: Sequence[Record]) -> Markup:
    """Settings of the rows that are no trained runs."""
    rows = [
        tag("tr", row_title(record, scope="row"), tag("td", *_lines(record.origin or {})))
        for record in records
    ]
    return joined(tag("h3", "Baselines and external encoders"), table([], rows, "settings"))


def environments_section(records: Sequence[Record]) -> Markup | None:
    """Versions and hardware that the trained runs were trained with."""
    recorded = [record for record in records if record.environment is not None]
    missing = _missing(records, "environment")
    if not recorded and not missing:
        return None
    values = [record.environment or {} for record in recorded]
    return joined(tag("h2", "Environment"), _settings(values, recorded), *missing)


def probes_section(records: Sequence[Record], comparison: RowComparison) -> Markup:
    """Settings of the probe that was chosen for each row and seed."""
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
        *_missing(records, "probes"),
    )


def row_title(record: Record, scope: str, class_: str | None = None) -> Markup:
    """The cell of a table that names a row of the report: its kind, and below that its own name."""
    under = tag("span", breakable(record.short_name), class_="under") if record.short_name else None
    return tag("th", breakable(record.system), under, scope=scope, class_=class_)


def _settings(values: Sequence[dict[str, Any]], records: Sequence[Record]) -> Markup:
    """First the settings that differ between rows, then those that they share."""
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


def _missing(records: Sequence[Record], field: str) -> list[Markup]:
    """A sentence for each row that lacks a file."""
    return [
        tag("p", f"{r.full_name} {r.missing[field]}.", class_="note")
        for r in records
        if field in r.missing
    ]
