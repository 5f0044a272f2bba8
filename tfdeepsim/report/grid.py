"""A table of text for a terminal and as Markdown: names at the left, numbers at the right."""

import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfdeepsim.report.naming import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

NONE = "–"
"""Where nothing is known."""

_TITLE = 11  # letters of a line of a title on a terminal
_ASCII = str.maketrans({"±": "+/-", "–": "-", "↓": "(low)", "↑": "(high)"})

Cells = Sequence[Sequence[str]]
"""Rows of equal length, the first of them titles."""


def print_grid(
    title: str,
    cells: Cells,
    notes: Sequence[str] = (),
    console: "Console | None" = None,
    names: int = 1,
) -> None:
    """Print a table; turned around where the terminal is too narrow for it, and that is narrower.

    Args:
        title: Above it.
        cells: What stands in it.
        notes: Sentences below it.
        console: Where to; standard output by default.
        names: Columns at the left that are names and not numbers.
    """
    from rich.console import Console
    from rich.text import Text

    console = console or Console()
    ascii_only = console.options.ascii_only
    titles = ["\n".join(textwrap.wrap(title, _TITLE)) for title in cells[0]]
    shown = _rich_table(title, [titles, *cells[1:]], ascii_only, names)
    room = console.options.update(max_width=sys.maxsize)
    needed = console.measure(shown, options=room).maximum
    if needed > console.width:
        columns = [list(column) for column in zip(*cells, strict=True)]
        turned = _rich_table(title, columns, ascii_only, 1)
        # Many rows make many columns, which are worse than names and numbers in two lines.
        if console.measure(turned, options=room).maximum < needed:
            shown = turned
    console.print(shown)
    for note in notes:
        console.print(Text(_encodable(printable(note), ascii_only), "dim"))


def grid_markdown(title: str, cells: Cells, notes: Sequence[str] = (), names: int = 1) -> str:
    """The table as GitHub-flavoured Markdown, with its notes below; arguments as of
    `print_grid`."""
    titles, *rows = [[_escaped(cell) for cell in row] for row in cells]
    lines = [titles, [*["---"] * names, *["---:"] * (len(titles) - names)], *rows]
    parts = [f"**{_escaped(title)}**", "\n".join(f"| {' | '.join(line)} |" for line in lines)]
    return "\n\n".join([*parts, *map(_escaped, notes)]) + "\n"


def _rich_table(title: str, rows: Cells, ascii_only: bool, names: int) -> "Table":
    """Cells, the first row of them as titles; numbers stay whole, names fold."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    def text(value: str) -> Text:
        lines = map(printable, value.split("\n"))
        return Text(_encodable("\n".join(lines), ascii_only), "dim" if value == NONE else "")

    heading = Text(_encodable(printable(title), ascii_only))
    table = Table(title=heading, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.pad_edge, table.show_edge, table.collapse_padding = False, False, True
    for place, name in enumerate(rows[0]):
        table.add_column(text(name), justify="right" if place >= names else "left", overflow="fold")
    for row in rows[1:]:
        table.add_row(*map(text, row))
    return table


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in r"\`*[]<>|~$&#!" else c for c in printable(text))


def _encodable(text: str, ascii_only: bool) -> str:
    return text.translate(_ASCII).encode("ascii", "replace").decode() if ascii_only else text
