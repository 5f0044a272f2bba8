"""Cards of several encoders beside each other."""

from collections.abc import Callable, Mapping

import rich.box
import rich.console
import rich.table
import rich.text

from tfdeepsim.card.card import Card

COLUMNS: dict[str, tuple[Callable[[Card], str], str]] = {
    "Z": (lambda card: str(card.dimensions), "size of an embedding"),
    "Effective\nrank": (
        lambda card: f"{card.effective_rank:.1f}",
        "how many directions are in use: exponential of the entropy of the singular values, at most Z",
    ),
    "Participation\nratio": (
        lambda card: f"{card.participation_ratio:.1f}",
        "the same by variance, so that weak directions hardly count, at most Z",
    ),
    "Spread": (
        lambda card: f"{card.spread:.2f}",
        "deviation of normalised embeddings times root of Z: 1 spread over all directions, 0 collapsed",
    ),
    "Dead": (
        lambda card: f"{card.dead_share:.0%}",
        "dimensions that vary less than 1 % of the strongest",
    ),
    "Norm": (lambda card: f"{card.mean_norm:.3g}", "mean length of an embedding"),
    "Active\nunits": (
        lambda card: "" if card.active_units is None else str(card.active_units),
        "VAE only: dimensions whose mean varies (variance above 0.01)",
    ),
    "KL\nnats": (
        lambda card: "" if card.kl is None else f"{card.kl:.1f}",
        "VAE only: divergence from the prior, summed over dimensions",
    ),
}
"""Heading to the cell of a card, and one line that explains it."""


def card_table(cards: Mapping[str, Card], console: rich.console.Console) -> None:
    """Print one row an encoder, one column a quantity, and below it what each quantity means.

    Columns that no encoder fills are left out.

    Args:
        cards: By the encoder's name.
        console: Where to.
    """
    columns = {
        heading: (cell, meaning)
        for heading, (cell, meaning) in COLUMNS.items()
        if any(cell(card) for card in cards.values())
    }
    table = rich.table.Table(
        title="Embeddings, described without labels",
        title_justify="left",
        title_style="bold",
        box=rich.box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("Encoder", overflow="fold")
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for name, card in cards.items():
        table.add_row(rich.text.Text(name), *(cell(card) for cell, _ in columns.values()))
    console.print(table)
    for heading, (_, meaning) in columns.items():
        line = f"{heading.replace(chr(10), ' ')}: {meaning}"
        console.print(rich.text.Text(line, style="dim"), soft_wrap=True)
