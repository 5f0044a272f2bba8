"""HTML that is escaped by construction: text becomes markup in one place only."""

import html
import re
from collections.abc import Sequence


class Markup(str):
    """A piece of HTML, to be inserted as it is."""


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """An HTML element; every child that is not `Markup`, and every attribute's value, is escaped.

    Args:
        name: E.g. `p`.
        *children: Markup or anything with a text; None is left out.
        **attributes: A trailing underscore is dropped (`class_`), None leaves the attribute out.
    """
    given = "".join(
        f' {key.rstrip("_")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in ("meta", "img"):
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{joined(*children)}</{name}>")


def joined(*children: object) -> Markup:
    """Children one after the other, escaped like those of `tag`."""
    return Markup("".join(_escaped(child) for child in children if child is not None))


def table(titles: Sequence[Markup], rows: Sequence[Markup], class_: str | None = None) -> Markup:
    """A table that scrolls by itself where the page is too narrow.

    Args:
        titles: Cells of the first row.
        rows: The others.
        class_: Of the table.
    """
    head = tag("thead", tag("tr", *titles)) if titles else None
    return tag("div", tag("table", head, tag("tbody", *rows), class_=class_), class_="wide")


def breakable(text: str) -> Markup:
    """Text that a narrow column may break after each colon or underscore."""
    return Markup(re.sub("([:_])", r"\1<wbr>", html.escape(text)))


def _escaped(child: object) -> str:
    return child if isinstance(child, Markup) else html.escape(str(child))
