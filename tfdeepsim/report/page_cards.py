"""The section of the page that describes embeddings without labels."""

import math
from collections.abc import Sequence

from tfdeepsim.report.markup import Markup, joined, table, tag
from tfdeepsim.report.naming import in_text
from tfdeepsim.report.page_settings import row_title
from tfdeepsim.report.record import Record
from tfdeepsim.tables import printable

# What a card holds: its name, and how to read it. Other numbers are shown below these, by their own
# names.
_MEANING = {
    "examples": ("Images", "how many were embedded"),
    "dimensions": ("Size", "dimensions of an embedding, Z"),
    "effective_rank": (
        "Effective rank",
        "directions in use, by the entropy of the singular values, 0 to Z",
    ),
    "participation_ratio": (
        "Participation ratio",
        "the same by variance, so that weak ones hardly count",
    ),
    "spread": (
        "Spread",
        "of normalised embeddings, from 0, collapsed to a point, to 1, over all directions",
    ),
    "dead_share": ("Dead share", "dimensions that vary less than 1 % of the strongest, 0 to 1"),
    "mean_norm": ("Mean length", "of an embedding"),
    "active_units": ("Active units", "of a VAE, dimensions whose mean varies with the image"),
    "kl": ("KL", "of a VAE, divergence from the prior in nats an image"),
}
_NEIGHBOURS = "Left, framed, a test image; beside it the others whose embeddings are nearest by angle, nearest first."


def cards_section(records: Sequence[Record], sheets: dict[str, Markup]) -> Markup | None:
    """A table of all cards, and a sheet of nearest neighbours for each row that has one.

    Args:
        records: All rows of the report.
        sheets: Images of neighbours, by the row's name.
    """
    carded = [record for record in records if record.card]
    damaged = [
        tag("p", f"{r.called} {r.missing[field]}.", class_="note")
        for r in records
        for field in ("card", "neighbours")
        if field in r.missing
    ]
    if not (carded or sheets or damaged):
        return None
    return joined(
        tag("h2", "The embeddings themselves"),
        tag("p", "Measured on the test split, without labels.", class_="note"),
        _cards(carded) if carded else None,
        tag("p", _NEIGHBOURS, class_="note") if sheets else None,
        *(_sheet(record, sheets[record.name]) for record in records if record.name in sheets),
        *damaged,
    )


def _cards(records: Sequence[Record]) -> Markup:
    """One row a representation, one column a quantity, and below what the quantities mean."""
    known = {
        name
        for record in records
        for name, value in (record.card or {}).items()
        if value is not None
    }
    names = [*(name for name in _MEANING if name in known), *sorted(known - set(_MEANING))]
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
    summary = tag(
        "summary",
        f"Nearest neighbours by {in_text(record.called) if record.is_baseline else record.called}",
    )
    return tag("details", summary, tag("div", image, class_="plot"))
