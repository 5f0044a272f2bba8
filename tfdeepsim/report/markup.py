"""HTML in which all text is escaped: only `tag` turns text into markup."""

import html
import re
from collections.abc import Sequence


class Markup(str):
    """A piece of HTML, which is inserted without escaping.

    Example:
        >>> tag("p", Markup("<b>bold</b>"), " & plain")
        '<p><b>bold</b> &amp; plain</p>'
    """


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """An HTML element. Children that are no `Markup`, and values of attributes, are escaped.

    Args:
        name: Name of the element, e.g. `p`.
        *children: Content of the element: markup, or values that are shown as text; None is left
            out.
        **attributes: Attributes of the element, with a trailing underscore where the name is a
            Python keyword (`class_`); None is left out.
    """
    text = "".join(
        f' {key.rstrip("_")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in ("meta", "img"):
        return Markup(f"<{name}{text}>")
    return Markup(f"<{name}{text}>{joined(*children)}</{name}>")


def joined(*children: object) -> Markup:
    """Children in a row, escaped like those of `tag`."""
    return Markup("".join(_escaped(child) for child in children if child is not None))


def table(titles: Sequence[Markup], rows: Sequence[Markup], class_: str | None = None) -> Markup:
    """A table that can be scrolled where the page is too narrow for it.

    Args:
        titles: Cells of the heading; empty for none.
        rows: Rows (`tr`) below the heading.
        class_: CSS class of the table.
    """
    head = tag("thead", tag("tr", *titles)) if titles else None
    return tag("div", tag("table", head, tag("tbody", *rows), class_=class_), class_="wide")


def breakable(text: str) -> Markup:
    """Text that may be wrapped after each colon or underscore."""
    return Markup(re.sub("([:_])", r"\1<wbr>", html.escape(text)))


def _escaped(child: object) -> str:
    return child if isinstance(child, Markup) else html.escape(str(child))
