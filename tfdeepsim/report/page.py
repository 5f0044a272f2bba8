"""The report as one HTML file that needs no other files."""

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
from tfdeepsim.report.page_maps import MAP_CSS, hint, script, script_policy, with_pointer
from tfdeepsim.report.page_scores import reading_section, scores_section, unbroken
from tfdeepsim.report.page_settings import environments_section, probes_section, settings_section
from tfdeepsim.report.record import Record
from tfdeepsim.report.row_comparison import RowComparison
from tfdeepsim.report.shrinking import shrink_images
from tfdeepsim.report.stylesheet import CSS
from tfdeepsim.report.wording import conclusion
from tfdeepsim.tables import printable

# Browsers load nothing, and run no script but that of the maps, on pages with maps.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_FEW = 4  # encoders that the first sentence names one by one
_NUMBERS = ("No encoder", "One encoder", "Two encoders", "Three encoders", "Four encoders")
# Limits in bytes for the images. With base64, which adds a third, and with the images on the maps,
# the page stays below 5 MB.
_FIGURES, _SHEETS = 2_100_000, 1_000_000


def page(
    dataset: str,
    records: Sequence[Record],
    comparisons: Sequence[RowComparison],
    pictures: Sequence[Picture],
    command: str,
    missing_baselines: Sequence[str] = (),
) -> str:
    """The whole page.

    Args:
        dataset: Dataset that the rows are compared on, as the command line spells it; the page
            shows its name, and the path of its files among the settings only.
        records: Files of the rows, baselines last.
        comparisons: Scores of the rows, one comparison for each probe; the first sentences are
            about the first one. Empty if the dataset has no labels.
        pictures: Figures of the page.
        command: Command line that is shown at the end; may be empty.
        missing_baselines: Sentences that say which baselines are missing and why.
    """
    dataset = printable(dataset_name(dataset))
    has_maps = any(picture.map for picture in pictures)
    policy = _POLICY + (script_policy() if has_maps else "")
    title = _title(dataset, records)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        tag("title", title),
        tag("style", Markup(CSS + (MAP_CSS if has_maps else ""))),
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
        _ending(command),
        script() if has_maps else None,
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _title(dataset: str, records: Sequence[Record]) -> str:
    encoders = sum(not record.is_baseline for record in records)
    number = _NUMBERS[encoders] if encoders < len(_NUMBERS) else f"{encoders} encoders"
    baselines = len(records) - encoders
    beside = f" and {baselines} baseline{'s' if baselines > 1 else ''}" if baselines else ""
    compared = " compared" if len(records) > 1 else ""
    return f"{number}{beside}{compared} on {dataset}"


def _opening(
    dataset: str, records: Sequence[Record], comparisons: Sequence[RowComparison]
) -> Iterable[str]:
    """The sentences at the top of the page."""
    encoders = [record.full_name for record in records if not record.is_baseline]
    baselines = [in_text(record.full_name) for record in records if record.is_baseline]
    names = listed(encoders or baselines) if len(encoders) <= _FEW else f"{len(encoders)} encoders"
    if not comparisons:
        yield f"{dataset} has no labels, so there are no probe scores. This page shows what else "
        yield f"is known about {names}; none of it tells how useful the embeddings are for a task."
        return
    verb = "compares" if len(records) > 1 else "describes"
    beside = f", alongside {listed(baselines)}," if encoders and baselines else ""
    probe = printable(comparisons[0].probe)
    yield f"This page {verb} {names}{beside} by the scores of {probe} probes. The probes were "
    yield f"trained on frozen embeddings of {dataset}, chosen on the validation split and scored "
    yield "once on the test split. "
    yield conclusion(comparisons[0], comparisons[0].metrics[0])


def _pictures(pictures: Sequence[Picture]) -> Iterable[Markup]:
    drawn = [picture.png for picture in pictures if picture.png is not None]
    shrunk = iter(shrink_images(drawn, _FIGURES))
    for picture in pictures:
        figure = None
        if picture.png is not None:
            image = _image(next(shrunk), picture.png, f"{picture.title}. {picture.caption}")
            if picture.map is not None:
                image = with_pointer(image, picture.map, picture.title)
            figure = tag(
                "figure",
                tag("div", image, class_="plot"),
                tag("figcaption", unbroken(picture.caption)),
                hint() if picture.map is not None else None,
            )
        absent = [tag("p", sentence, class_="note") for sentence in picture.absent]
        yield joined(tag("h2", picture.title), figure, *absent)


def _sheets(records: Sequence[Record]) -> dict[str, Markup]:
    """The picture of nearest neighbours of each row that has one."""
    sheets = {record.name: (record, record.neighbours) for record in records if record.neighbours}
    shrunk = shrink_images([png for _, png in sheets.values()], _SHEETS)
    return {
        name: _image(image, png, f"Test images and their nearest neighbours by {record.full_name}.")
        for (name, (record, png)), image in zip(sheets.items(), shrunk, strict=True)
    }


def _image(embedded: bytes, png: bytes, text: str) -> Markup:
    """An image on the page, in the size of the PNG file that was drawn.

    Args:
        embedded: Content of the file on the page.
        png: Content of the PNG file that was drawn.
        text: Description of the image.
    """
    width, height = struct.unpack(">II", png[16:24])
    kind = "png" if embedded is png else "jpeg"
    source = f"data:image/{kind};base64," + base64.b64encode(embedded).decode()
    return tag("img", src=source, alt=text, width=width // DENSITY, height=height // DENSITY)


def _ending(command: str) -> Markup:
    written_by = tag("footer", f"Written by tfdeepsim {tfdeepsim.__version__}.")
    if not command:
        return written_by
    return joined(tag("h2", "Command"), tag("pre", printable(command)), written_by)
