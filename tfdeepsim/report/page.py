"""The report as one HTML file that needs nothing else."""

import base64
import re
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import tfdeepsim
from tfdeepsim.report.comparison import MARKING_RULE, Comparison
from tfdeepsim.report.figures.gallery import Picture
from tfdeepsim.report.figures.style import DENSITY, run_colour
from tfdeepsim.report.markup import Markup, breakable, joined, tag
from tfdeepsim.report.naming import listed, printable
from tfdeepsim.report.record import Record
from tfdeepsim.report.settings import compare_settings, flatten
from tfdeepsim.report.stylesheet import CSS
from tfdeepsim.report.wording import INTERVAL_NOTE, cell, chance, heading, seeds, verdict

# Nothing may be fetched, and nothing may run.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_NUMBERS = {1: "One encoder", 2: "Two encoders", 3: "Three encoders", 4: "Four encoders"}


def page(
    records: Sequence[Record], comparisons: Sequence[Comparison], pictures: Sequence[Picture], command: str
) -> str:
    """The whole page.

    Args:
        records: The runs.
        comparisons: One a probe; the first is what the text speaks of.
        pictures: The figures.
        command: The command line that made it; may be empty.
    """
    main = comparisons[0]
    title = f"{_counted(len(records))} compared on {printable(main.dataset)}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        tag("title", title),
        tag("style", Markup(CSS)),
    )
    body = tag(
        "body",
        tag("h1", title),
        tag("p", *map(_unbroken, _opening(records, main)), class_="lead"),
        *(_scores(comparison, records) for comparison in comparisons),
        _reading(comparisons),
        *map(_picture, pictures),
        _settings("Settings", [r.config for r in records], records),
        _probes(records, main),
        _environments(records),
        _made_by(command),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _counted(number: int) -> str:
    return _NUMBERS.get(number, f"{number} encoders")


def _opening(records: Sequence[Record], comparison: Comparison) -> Iterable[str]:
    names = listed([record.called for record in records])
    yield f"This page compares {names} by {printable(comparison.probe)} probes, which were trained on frozen "
    yield f"embeddings of {printable(comparison.dataset)}, chosen by validation loss and scored once on the "
    yield "test split. "
    yield verdict(comparison, comparison.metrics[0])


def _scores(comparison: Comparison, records: Sequence[Record]) -> Markup:
    colours = {record.name: run_colour(index) for index, record in enumerate(records)}
    titles = [tag("th", heading(comparison, m), class_="number", scope="col") for m in comparison.metrics]
    titles.append(tag("th", "Seeds", class_="number", scope="col"))
    rows = []
    for run in comparison.runs:
        first = comparison.row(run)[0]
        under = " · ".join(printable(text) for text in (run, first.comparator) if text)
        name = tag(
            "th",
            tag("span", class_="swatch", style=f"background:{colours[run]}"),
            comparison.system(run),
            tag("span", breakable(under), class_="under"),
            scope="row",
        )
        cells = [_score_cell(comparison, run, metric) for metric in comparison.metrics]
        rows.append(tag("tr", name, *cells, tag("td", seeds(comparison, run), class_="number")))
    levels = [tag("td", chance(comparison, metric), class_="number") for metric in comparison.metrics]
    rows.append(tag("tr", tag("th", "Chance", scope="row"), *levels, tag("td"), class_="chance"))
    return joined(
        tag("h2", f"Scores of {printable(comparison.probe)} probes"),
        _table([tag("th", "Encoder", scope="col"), *titles], rows),
    )


def _score_cell(comparison: Comparison, run: str, metric: str) -> Markup:
    text = tag("span", cell(comparison, run, metric).replace("± ", "±\N{NO-BREAK SPACE}"))
    best = run in comparison.marked(metric)
    return tag(
        "td", text, class_="number best" if best else "number", title="best, or as good" if best else None
    )


def _reading(comparisons: Sequence[Comparison]) -> Markup:
    """What the numbers do and do not say."""
    others = [verdict(comparison, metric) for comparison in comparisons for metric in comparison.metrics][1:]
    notes = [
        *others,
        "Chance: the best constant prediction for the labels that the probes learn from, on the same test "
        "split. From a run that does not beat it, the probes could read nothing.",
        INTERVAL_NOTE,
        *([MARKING_RULE] if len(comparisons[0].runs) > 1 else []),
    ]
    return tag("ul", *(tag("li", _unbroken(note)) for note in notes), class_="note")


def _unbroken(text: str) -> str:
    """Text whose numbers, units and names stay on one line."""
    return re.sub(r" (?=[±%])|(?<=±) |(?<=\bP\.) ", "\N{NO-BREAK SPACE}", text)


def _picture(picture: Picture) -> Markup:
    absent = [tag("p", sentence, class_="note") for sentence in picture.absent]
    figure = None
    if picture.png is not None:
        width, height = struct.unpack(">II", picture.png[16:24])
        image = tag(
            "img",
            src="data:image/png;base64," + base64.b64encode(picture.png).decode(),
            alt=f"{picture.title}. {picture.caption}",
            width=width // DENSITY,
            height=height // DENSITY,
        )
        figure = tag("figure", tag("div", image, class_="plot"), tag("figcaption", picture.caption))
    return joined(tag("h2", picture.title), figure, *absent)


def _settings(title: str, values: Sequence[dict[str, Any]], records: Sequence[Record]) -> Markup:
    """What differs between runs first, then what they share."""
    differing, common = compare_settings(values)
    parts: list[Markup | None] = [tag("h2", title)]
    if differing:
        columns = [
            tag("th", r.system, tag("span", printable(r.name), class_="under"), scope="col") for r in records
        ]
        rows = [
            tag(
                "tr",
                tag("th", tag("code", printable(name)), scope="row"),
                *(tag("td", breakable(printable(text))) for text in texts),
            )
            for name, texts in differing.items()
        ]
        parts += [tag("h3", "Different between runs"), _table([tag("td"), *columns], rows, "settings")]
    if common:
        pairs = [
            tag("div", tag("dt", tag("code", printable(name))), tag("dd", breakable(printable(text))))
            for name, text in common.items()
        ]
        parts += [tag("h3", "Common to all runs") if differing else None, tag("dl", *pairs)]
    return joined(*parts)


def _environments(records: Sequence[Record]) -> Markup:
    known = [record for record in records if record.environment is not None]
    values = [record.environment or {} for record in known]
    return joined(_settings("Environment", values, known), *_without(records, "environment"))


def _probes(records: Sequence[Record], comparison: Comparison) -> Markup:
    """Which probe won, for each run and seed."""
    seeds = max((len(record.probes or []) for record in records), default=0)
    rows = [
        tag(
            "tr",
            tag("th", record.system, tag("span", printable(record.name), class_="under"), scope="row"),
            *(tag("td", *_probe(probe)) for probe in record.probes),
        )
        for record in records
        if record.probes
    ]
    titles = [tag("td"), *(tag("th", f"Probe {number}", scope="col") for number in range(1, seeds + 1))]
    return joined(
        tag("h2", f"Chosen {printable(comparison.probe)} probes"),
        _table(titles, rows, "settings") if rows else None,
        *_without(records, "probes"),
    )


def _probe(probe: dict[str, Any]) -> Iterable[Markup]:
    for name, text in flatten(probe).items():
        yield tag("span", f"{printable(name).replace('_', ' ')}: {printable(text)}", class_="under")


def _without(records: Sequence[Record], field: str) -> list[Markup]:
    """A sentence for each run that lacks a part."""
    return [tag("p", f"{r.called} {r.missing[field]}.", class_="note") for r in records if field in r.missing]


def _made_by(command: str) -> Markup:
    made = tag("footer", f"Written by tfdeepsim {tfdeepsim.__version__}.")
    if not command:
        return made
    return joined(tag("h2", "Command"), tag("pre", printable(command)), made)


def _table(titles: Sequence[Markup], rows: Sequence[Markup], class_: str | None = None) -> Markup:
    head = tag("thead", tag("tr", *titles)) if titles else None
    return tag("div", tag("table", head, tag("tbody", *rows), class_=class_), class_="wide")
