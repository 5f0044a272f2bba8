"""The report as one HTML file that needs nothing else."""

import base64
import struct
from collections.abc import Iterable, Sequence

import tfdeepsim
from tfdeepsim.data.naming import dataset_name
from tfdeepsim.report.figures.gallery import Picture
from tfdeepsim.report.figures.style import DENSITY, colours
from tfdeepsim.report.markup import Markup, joined, tag
from tfdeepsim.report.naming import in_text, listed
from tfdeepsim.report.page_cards import cards_section
from tfdeepsim.report.page_scores import reading_section, scores_section, unbroken
from tfdeepsim.report.page_settings import environments_section, probes_section, settings_section
from tfdeepsim.report.record import Record
from tfdeepsim.report.shrinking import fit_images
from tfdeepsim.report.significance import Comparison
from tfdeepsim.report.stylesheet import CSS
from tfdeepsim.report.wording import verdict
from tfdeepsim.tables import printable

# Nothing may be fetched, and nothing may run.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_FEW = 4  # encoders that the first sentence names
_NUMBERS = ("No encoder", "One encoder", "Two encoders", "Three encoders", "Four encoders")
# Bytes of the images; base64 makes a third more of them, and the page stays below 5 MB.
_FIGURES, _SHEETS = 2_400_000, 1_000_000


def page(
    dataset: str,
    records: Sequence[Record],
    comparisons: Sequence[Comparison],
    pictures: Sequence[Picture],
    command: str,
    missing_baselines: Sequence[str] = (),
) -> str:
    """The whole page.

    Args:
        dataset: Dataset that the rows are compared on, as the command line spells it; the page
            shows its name, and the path of its files among the settings only.
        records: The rows, baselines last.
        comparisons: One a probe, the first is what the text speaks of; none where there are no
            labels.
        pictures: The figures.
        command: The command line that made it; may be empty.
        missing_baselines: Sentences on baselines that are not there.
    """
    dataset = printable(dataset_name(dataset))
    title = _title(dataset, records)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        tag("title", title),
        tag("style", Markup(CSS)),
    )
    colour = dict(zip((record.name for record in records), colours(records), strict=True))
    body = tag(
        "body",
        tag("h1", title),
        tag("p", *map(unbroken, _opening(dataset, records, comparisons)), class_="lead"),
        *(scores_section(comparison, colour) for comparison in comparisons),
        reading_section(comparisons, missing_baselines) if comparisons else None,
        *_pictures(pictures),
        cards_section(records, _sheets(records)),
        settings_section(records),
        probes_section(records, comparisons[0]) if comparisons else None,
        environments_section(records),
        _made_by(command),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _title(dataset: str, records: Sequence[Record]) -> str:
    contestants = sum(not record.is_baseline for record in records)
    number = _NUMBERS[contestants] if contestants < len(_NUMBERS) else f"{contestants} encoders"
    baselines = len(records) - contestants
    beside = f" and {baselines} baseline{'s' if baselines > 1 else ''}" if baselines else ""
    compared = " compared" if len(records) > 1 else ""
    return f"{number}{beside}{compared} on {dataset}"


def _opening(
    dataset: str, records: Sequence[Record], comparisons: Sequence[Comparison]
) -> Iterable[str]:
    contestants = [record.called for record in records if not record.is_baseline]
    baselines = [in_text(record.called) for record in records if record.is_baseline]
    names = (
        listed(contestants or baselines)
        if len(contestants) <= _FEW
        else f"{len(contestants)} encoders"
    )
    if not comparisons:
        yield f"{dataset} has no labels, hence no probe scores. This page shows what else is "
        yield f"known of {names}; no picture or rank says how well an embedding serves a task."
        return
    probe = printable(comparisons[0].probe)
    beside = f", beside {listed(baselines)}," if contestants and baselines else ""
    yield f"This page compares {names}{beside} by {probe} probes, which were trained on frozen embeddings of "
    yield f"{dataset}, chosen on the validation split and scored once on the test split. "
    yield verdict(comparisons[0], comparisons[0].metrics[0])


def _pictures(pictures: Sequence[Picture]) -> Iterable[Markup]:
    drawn = [picture.png for picture in pictures if picture.png is not None]
    fitted = iter(fit_images(drawn, _FIGURES))
    for picture in pictures:
        figure = None
        if picture.png is not None:
            image = _image(next(fitted), picture.png, f"{picture.title}. {picture.caption}")
            figure = tag(
                "figure",
                tag("div", image, class_="plot"),
                tag("figcaption", unbroken(picture.caption)),
            )
        absent = [tag("p", sentence, class_="note") for sentence in picture.absent]
        yield joined(tag("h2", picture.title), figure, *absent)


def _sheets(records: Sequence[Record]) -> dict[str, Markup]:
    """The nearest neighbours of each row that has them."""
    sheets = {record.name: (record, record.neighbours) for record in records if record.neighbours}
    fitted = fit_images([png for _, png in sheets.values()], _SHEETS)
    return {
        name: _image(image, png, f"Test images and their nearest neighbours by {record.called}.")
        for (name, (record, png)), image in zip(sheets.items(), fitted, strict=True)
    }


def _image(embedded: bytes, png: bytes, text: str) -> Markup:
    """An image on the page, in the size of the PNG file that was drawn."""
    width, height = struct.unpack(">II", png[16:24])
    kind = "png" if embedded is png else "jpeg"
    source = f"data:image/{kind};base64," + base64.b64encode(embedded).decode()
    return tag("img", src=source, alt=text, width=width // DENSITY, height=height // DENSITY)


def _made_by(command: str) -> Markup:
    made = tag("footer", f"Written by tfdeepsim {tfdeepsim.__version__}.")
    if not command:
        return made
    return joined(tag("h2", "Command"), tag("pre", printable(command)), made)
