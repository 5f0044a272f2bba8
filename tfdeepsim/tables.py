"""Tables of text: one way to print them on a terminal, and one way to write them as Markdown."""

import dataclasses
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.console import Console

ABSENT = "–"
"""Stands in a table where a value is missing or unknown."""

_HEADING = 11  # letters in a line of the heading of a column of numbers
_GAP, _DIVIDER = "  ", " │ "
_STYLES = {"best": "bold green", "faint": "dim"}
_MARKDOWN = {"best": "**{}**", "baseline": "*{}*"}
# A line of text may end after a space, and after one of these signs inside a name. An arrow stays
# with the word before it.
_LINE_END = re.compile(r"(?<= )(?![↓↑])|(?<=\w[:+\-/])(?=\w)")
_ASCII = str.maketrans(
    {"±": "+/-", "–": "-", "↓": "(low)", "↑": "(high)", "…": "...", "─": "-", "│": "|", "█": "#"}
    | dict.fromkeys("▉▊▋▌▍▎▏", ".")
)


class Cell(NamedTuple):
    """Text of a table with a look of its own.

    Attributes:
        text: The text.
        look: `best` is starred and green on a terminal and bold in Markdown; `baseline` is italic
            in Markdown; `faint` is dim on a terminal.

    Example:
        >>> Cell("0.300 ± 0.050", "best")
        Cell(text='0.300 ± 0.050', look='best')
    """

    text: str
    look: str = ""


Row = Sequence[str | Cell]
_Line = list[tuple[str, str]]  # pieces of text with their styles


@dataclasses.dataclass(frozen=True)
class Table:
    """Text in rows and columns.

    Attributes:
        title: Line above the table; empty for none.
        headings: Title of each column; empty for a table without headings.
        sections: Groups of rows, between which a line is drawn. All rows are equally long.
        notes: Sentences below the table.
        text_columns: Indices of the columns that hold text. They are aligned at the left, and long
            text is wrapped; all other columns are aligned at the right and never wrapped.

    Example:
        >>> table = Table("Errors", ["Layer", "Error (%) ↓"], [[["relu6", "55.1"]]])
        >>> print_table(table)
    """

    title: str
    headings: Sequence[str]
    sections: Sequence[Sequence[Row]]
    notes: Sequence[str] = ()
    text_columns: Sequence[int] = (0,)

    @property
    def rows(self) -> list[Row]:
        """The rows of all sections."""
        return list(itertools.chain.from_iterable(self.sections))

    @property
    def is_text(self) -> list[bool]:
        """Whether each column holds text."""
        columns = len(self.headings) or len(self.rows[0])
        text_columns = {column % columns for column in self.text_columns}
        return [column in text_columns for column in range(columns)]


def print_table(table: Table, console: "Console | None" = None) -> None:
    """Print a table so that no word is broken.

    Lines end at spaces, and inside names after `:`, `+`, `-` or `/`. Where the terminal is too
    narrow for that, columns become rows; where that is too wide as well, each row becomes a
    paragraph.

    Args:
        table: The table.
        console: Console to print to; None for standard output.
    """
    from rich.text import Text

    from tfdeepsim.console import PlainConsole

    console = console or PlainConsole()
    width, ascii_only = console.width, console.options.ascii_only
    lines = _wrapped(_clean(table.title, ascii_only), width, "bold") if table.title else []
    lines += _Layout(table, ascii_only).lines(width)
    for note in table.notes:
        lines += _wrapped(_clean(note, ascii_only), width, "dim")
    for line in lines:
        text = Text.assemble(*line)
        text.rstrip()
        console.print(text, soft_wrap=True)


def table_markdown(table: Table) -> str:
    """A table as GitHub-flavoured Markdown, with its notes below it."""
    rule = ["---" if is_text else "---:" for is_text in table.is_text]
    headings = [_escaped(heading) for heading in table.headings] or [""] * len(rule)
    rows = [list(map(_markdown, row)) for row in table.rows]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in (headings, rule, *rows))
    title = [f"**{_escaped(table.title)}**"] if table.title else []
    return "\n\n".join([*title, lines, *map(_escaped, table.notes)]) + "\n"


def printable(text: object) -> str:
    """`text` on one line, with the replacement character for control characters.

    Terminal escapes begin with such a character.
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


class _Block:
    """A cell that is ready for the terminal.

    Args:
        cell: The cell.
        wraps: Whether the text may be wrapped.
        ascii_only: Whether the terminal shows ASCII only.
        preferred: Width that the text is wrapped at even where there is room for more.
    """

    def __init__(
        self, cell: str | Cell, wraps: bool, ascii_only: bool, preferred: int | None = None
    ):
        text, look = (cell, "") if isinstance(cell, str) else cell
        text = _clean(text, ascii_only)
        self.style = "dim" if text == _clean(ABSENT, ascii_only) else _STYLES.get(look, "")
        self.text = f"* {text}" if look == "best" else text
        self.pieces = _LINE_END.split(self.text) if wraps else [self.text]
        self.least = max(_length(piece.rstrip()) for piece in self.pieces)
        lines = _fill(self.pieces, preferred or _length(self.text))
        self.width = max(map(_length, lines))


class _Layout:
    """The cells of a table, and the three ways to arrange them."""

    def __init__(self, table: Table, ascii_only: bool):
        self._headings = [
            _Block(heading, True, ascii_only, None if is_text else _HEADING)
            for heading, is_text in zip(table.headings, table.is_text, strict=False)
        ]
        self._titles = [_Block(heading, True, ascii_only) for heading in table.headings]
        self._rows = [
            [
                _Block(cell, is_text, ascii_only)
                for cell, is_text in zip(row, table.is_text, strict=True)
            ]
            for row in table.rows
        ]
        # Indices of the rows that begin a section, without the first.
        self._begins = set(itertools.accumulate(map(len, table.sections[:-1]))) - {0}
        self._left = {column for column, is_text in enumerate(table.is_text) if is_text}
        self._rule = _clean("─", ascii_only)
        self._divider = _clean(_DIVIDER, ascii_only)

    def lines(self, width: int) -> list[_Line]:
        """The table in the first arrangement that fits into `width`."""
        for arranged in (self._upright(width), self._turned(width)):
            if arranged is not None:
                return arranged
        return list(self._paragraphs(width))

    def _upright(self, width: int) -> list[_Line] | None:
        rows = [self._headings, *self._rows] if self._headings else self._rows
        gaps = [_GAP] * (len(rows[0]) - 1)
        widths = _column_widths(rows, width - len("".join(gaps)))
        if widths is None:
            return None
        lines: list[_Line] = []
        rule = [(self._rule * (sum(widths) + len("".join(gaps))), "")]
        if self._headings:
            lines += [*_side_by_side(self._headings, widths, gaps, self._left, True), rule]
        for place, row in enumerate(self._rows):
            lines += [rule] if place in self._begins else []
            lines += _side_by_side(row, widths, gaps, self._left)
        return lines

    def _turned(self, width: int) -> list[_Line] | None:
        """One line for each column, one column for each row."""
        if not self._titles:
            return None
        rows = [list(row) for row in zip(self._titles, *self._rows, strict=True)]
        gaps = [
            self._divider if place in self._begins else _GAP for place in range(len(self._rows))
        ]
        widths = _column_widths(rows, width - len("".join(gaps)))
        if widths is None:
            return None
        heading = _side_by_side(rows[0], widths, gaps, {0}, True)
        rule = [(self._rule * (sum(widths) + len("".join(gaps))), "")]
        body = [_side_by_side(row, widths, gaps, {0}) for row in rows[1:]]
        return [*heading, rule, *itertools.chain.from_iterable(body)]

    def _paragraphs(self, width: int) -> Iterator[_Line]:
        """A paragraph for each row, a line for each of its cells; the first cell is its title."""
        titles = self._titles or [_Block("", False, False)] * len(self._rows[0])
        for place, (name, *cells) in enumerate(self._rows):
            if place in self._begins:
                yield [(self._rule * width, "")]
            for line in _fill(name.pieces, width):
                yield [(line, "bold")]
            for title, cell in zip(titles[1:], cells, strict=True):
                if not cell.text:
                    continue
                before = [*title.pieces[:-1], f"{title.pieces[-1]}: "] if title.text else []
                for line in _fill([*before, *cell.pieces], width - 2):
                    indent = "  " if _length(line) <= width - 2 else ""
                    yield [(indent + line, cell.style)]


def _column_widths(rows: Sequence[Sequence[_Block]], room: int) -> list[int] | None:
    """Widths of the columns that fill at most `room`; None where that would break words."""
    columns = list(zip(*rows, strict=True))
    least = [max(cell.least for cell in column) for column in columns]
    widths = [max(cell.width for cell in column) for column in columns]
    if sum(least) > room:
        return None
    while sum(widths) > room:
        shrinkable = [place for place, size in enumerate(widths) if size > least[place]]
        widths[max(shrinkable, key=widths.__getitem__)] -= 1
    return widths


def _side_by_side(
    row: Sequence[_Block],
    widths: Sequence[int],
    gaps: Sequence[str],
    left: set[int],
    bottom: bool = False,
) -> list[_Line]:
    """The lines of one row.

    Args:
        row: Cells of the row.
        widths: Widths of the columns.
        gaps: What stands between the columns.
        left: Indices of the columns that are aligned at the left.
        bottom: Whether cells of few lines stand at the bottom and not at the top.
    """
    cells = [_fill(cell.pieces, width) for cell, width in zip(row, widths, strict=True)]
    height = max(map(len, cells))
    lines = []
    for number in range(height):
        line: _Line = []
        for place, (cell, block) in enumerate(zip(cells, row, strict=True)):
            index = number - (height - len(cell)) * bottom
            text = cell[index] if 0 <= index < len(cell) else ""
            space = " " * (widths[place] - _length(text))
            before, after = ("", space) if place in left else (space, "")
            gap = gaps[place - 1] if place else ""
            line += [(gap + before, ""), (text, block.style), (after, "")]
        lines.append(line)
    return lines


def _fill(pieces: Sequence[str], width: int) -> list[str]:
    """Pieces of text in lines of at most `width`; a longer piece has a line of its own."""
    lines = [""]
    for piece in pieces:
        if lines[-1] and _length((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _wrapped(text: str, width: int, style: str) -> list[_Line]:
    return [[(line, style)] for line in _fill(_LINE_END.split(text), width)]


def _length(text: str) -> int:
    """Number of columns that `text` takes on a terminal."""
    from rich.cells import cell_len

    return cell_len(text)


def _clean(text: str, ascii_only: bool) -> str:
    text = printable(text)
    if not ascii_only:
        return text
    return text.translate(_ASCII).encode("ascii", "replace").decode()


def _markdown(cell: str | Cell) -> str:
    text, look = (cell, "") if isinstance(cell, str) else cell
    return _MARKDOWN.get(look, "{}").format(_escaped(text))


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is; underscores inside words need no escape."""
    text = re.sub(r"([\\`*\[\]<>|~$&#!])", r"\\\1", printable(text))
    return re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", text)
