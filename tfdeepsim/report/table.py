"""The table of scores for a terminal and as Markdown, like Table 1 of Pihlgren et al. 2020."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tfdeepsim.report.naming import printable
from tfdeepsim.report.notes import table_notes
from tfdeepsim.report.significance import Comparison, compare
from tfdeepsim.report.wording import cell, chance, heading, seeds
from tfdeepsim.scores import Score

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_ASCII = str.maketrans({"±": "+/-", "–": "-", "↓": "(low)", "↑": "(high)", "…": "..."})


def print_table(
    scores: Iterable[Score], console: "Console | None" = None, missing_baselines: Sequence[str] = ()
) -> None:
    """Print scores for people: one row an encoder, one column a metric, one table a probe.

    Baselines stand below a rule. Best values carry a star. Colours and bold appear on a terminal
    only.

    Args:
        scores: Scores of one dataset.
        console: Where to; standard output by default.
        missing_baselines: Sentences on baselines that are not there, printed below.

    Raises:
        InputError: If there is no score, several datasets, or a score given twice.
    """
    from rich.console import Console
    from rich.text import Text

    console = console or Console()
    ascii_only = console.options.ascii_only
    comparisons = compare(scores)
    for comparison in comparisons:
        console.print(_rich_table(comparison, ascii_only))
    for note in table_notes(comparisons, "*", missing_baselines):
        console.print(Text(_encodable(printable(note), ascii_only), style="dim"))


def markdown_table(scores: Iterable[Score], missing_baselines: Sequence[str] = ()) -> str:
    """Scores as GitHub-flavoured Markdown; best values are bold, names of baselines italic.

    Args:
        scores: As for `print_table`.
        missing_baselines: As for `print_table`.

    Raises:
        InputError: As for `print_table`.
    """
    comparisons = compare(scores)
    notes = [_escaped(note) for note in table_notes(comparisons, "Bold", missing_baselines)]
    return "\n\n".join([*map(_markdown, comparisons), *notes]) + "\n"


def _names(comparison: Comparison, run: str) -> list[str]:
    comparator = printable(comparison.row(run)[0].comparator)
    return [comparison.system(run), comparison.own(run) or "–", comparator or "–"]


def _rich_table(comparison: Comparison, ascii_only: bool) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    def text(value: str, style: str = "") -> Text:
        return Text(_encodable(value, ascii_only), style=style)

    table = Table(
        title=text(f"{printable(comparison.dataset)}, probe {printable(comparison.probe)}"),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        collapse_padding=True,
    )
    for name in ("Encoder", "Run", "Comparator"):
        table.add_column(name, overflow="fold")
    for metric in comparison.metrics:  # numbers stay whole, names fold
        table.add_column(
            text(heading(comparison, metric).replace(" distance", "\ndistance")),
            justify="right",
            no_wrap=True,
        )
    table.add_column("Seeds", justify="right")
    for run in comparison.runs:
        if run in comparison.baselines[:1]:
            table.add_section()
        table.add_row(
            *map(text, _names(comparison, run)),
            *(
                text(f"* {cell(comparison, run, metric)}", "bold green")
                if run in comparison.marked(metric)
                else text(cell(comparison, run, metric))
                for metric in comparison.metrics
            ),
            text(seeds(comparison, run)),
        )
    table.add_section()
    levels = [text(chance(comparison, metric)) for metric in comparison.metrics]
    table.add_row("Chance", "", "", *levels, "", style="dim")
    return table


def _markdown(comparison: Comparison) -> str:
    titles = [heading(comparison, metric) for metric in comparison.metrics]
    rows = [["Encoder", "Run", "Comparator", *titles, "Seeds"]]
    rows.append(["---"] * 3 + ["---:"] * (len(titles) + 1))
    for run in comparison.runs:
        cells = [
            f"**{cell(comparison, run, metric)}**"
            if run in comparison.marked(metric)
            else cell(comparison, run, metric)
            for metric in comparison.metrics
        ]
        system, *names = map(_escaped, _names(comparison, run))
        system = f"*{system}*" if run in comparison.baselines else system
        rows.append([system, *names, *cells, seeds(comparison, run)])
    rows.append(
        ["Chance", "", "", *(chance(comparison, metric) for metric in comparison.metrics), ""]
    )
    title = f"**{_escaped(comparison.dataset)}, probe {_escaped(comparison.probe)}**"
    return title + "\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is; underscores inside words need no escape."""
    text = re.sub(r"([\\`*\[\]<>|~$&#!])", r"\\\1", printable(text))
    return re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", text)


def _encodable(text: str, ascii_only: bool) -> str:
    return text.translate(_ASCII).encode("ascii", "replace").decode() if ascii_only else text
