"""The section of the page that describes embeddings without labels."""

import math
from collections.abc import Sequence

from tfdeepsim.report.markup import Markup, joined, table, tag
from tfdeepsim.report.naming import in_text
from tfdeepsim.report.page_settings import row_title
from tfdeepsim.report.record import Record
from tfdeepsim.tables import printable

# Key in a card to the title of its column and its meaning. Other numbers of a card stand in columns
# at the right, under their keys.
_MEANING = {
    "examples": ("Images", "number of embedded images"),
    "dimensions": ("Size", "number of dimensions of an embedding, Z"),
    "effective_rank": (
        "Effective rank",
        "number of directions in use, from 0 to Z: the exponential of the entropy of the singular "
        "values",
    ),
    "participation_ratio": (
        "Participation ratio",
        "number of directions in use, from 0 to Z, each weighted by its variance, so that weak "
        "directions hardly count",
    ),
    "spread": (
        "Spread",
        "standard deviation of the normalised embeddings times the square root of Z: 1 if they "
        "point evenly in all directions, 0 if they have collapsed",
    ),
    "dead_share": (
        "Dead share",
        "share of dimensions, from 0 to 1, with a standard deviation of at most 1 % of the largest "
        "one",
    ),
    "mean_norm": ("Mean length", "mean Euclidean length of an embedding"),
    "active_units": (
        "Active units",
        "VAE only: number of dimensions whose mean varies with the image",
    ),
    "kl": ("KL", "VAE only: divergence of the posterior from the prior, in nats per image"),
}
_NEIGHBOURS = (
    "Each row shows a test image in a frame and, to its right, the test images whose embeddings "
    "are closest to its own by cosine distance, closest first."
)


def cards_section(records: Sequence[Record], sheets: dict[str, Markup]) -> Markup | None:
    """A table of all cards, and a picture of nearest neighbours for each row that has one.

    Args:
        records: Files of all rows.
        sheets: Pictures of nearest neighbours, by the row's name.
    """
    with_card = [record for record in records if record.card]
    damaged = [
        tag("p", f"{r.full_name} {r.missing[field]}.", class_="note")
        for r in records
        for field in ("card", "neighbours")
        if field in r.missing
    ]
    if not (with_card or sheets or damaged):
        return None
    return joined(
        tag("h2", "The embeddings themselves"),
        tag("p", "Measured on the test split without labels.", class_="note"),
        _cards(with_card) if with_card else None,
        tag("p", _NEIGHBOURS, class_="note") if sheets else None,
        *(_sheet(record, sheets[record.name]) for record in records if record.name in sheets),
        *damaged,
    )


def _cards(records: Sequence[Record]) -> Markup:
    """One row for each representation, one column for each quantity, and the meaning of each."""
    filled = {
        name
        for record in records
        for name, value in (record.card or {}).items()
        if value is not None
    }
    names = [*(name for name in _MEANING if name in filled), *sorted(filled - set(_MEANING))]
    meanings = {
        name: _MEANING.get(name, (printable(name).replace("_", " ").capitalize(), ""))
        for name in names
    }
    titles = [tag("th", title, class_="number", scope="col") for title, _ in meanings.values()]
    rows = [
        tag(
            "tr",
            row_title(record, scope="row"),
            *(tag("td", _text((record.card or {}).get(name)), class_="number") for name in names),
        )
        for record in records
    ]
    notes = [tag("li", f"{title}: {meaning}.") for title, meaning in meanings.values() if meaning]
    return joined(
        table([tag("th", "Encoder", scope="col"), *titles], rows, "settings"),
        tag("ul", *notes, class_="note"),
    )


def _text(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:#.3g}".rstrip(".")


def _sheet(record: Record, image: Markup) -> Markup:
    name = in_text(record.full_name) if record.is_baseline else record.full_name
    summary = tag("summary", f"Nearest neighbours by {name}")
    return tag("details", summary, tag("div", image, class_="plot"))
