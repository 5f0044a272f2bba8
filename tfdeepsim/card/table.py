"""Embedding cards of several encoders beside each other."""

from collections.abc import Callable, Mapping

import rich.console

from tfdeepsim.card.card import Card
from tfdeepsim.tables import Table, print_table

COLUMNS: dict[str, tuple[Callable[[Card], str], str]] = {
    "Z": (lambda card: str(card.dimensions), "number of dimensions of an embedding"),
    "Effective rank": (
        lambda card: f"{card.effective_rank:.1f}",
        "number of directions in use, from 0 to Z: the exponential of the entropy of the singular "
        "values",
    ),
    "Participation ratio": (
        lambda card: f"{card.participation_ratio:.1f}",
        "number of directions in use, from 0 to Z, each weighted by its variance, so that weak "
        "directions hardly count",
    ),
    "Spread": (
        lambda card: f"{card.spread:.2f}",
        "standard deviation of the normalised embeddings times the square root of Z: 1 if they "
        "point evenly in all directions, 0 if they have collapsed",
    ),
    "Dead": (
        lambda card: f"{card.dead_share:.0%}",
        "share of dimensions with a standard deviation of at most 1 % of the largest one",
    ),
    "Norm": (lambda card: f"{card.mean_norm:.3g}", "mean Euclidean length of an embedding"),
    "Active units": (
        lambda card: "" if card.active_units is None else str(card.active_units),
        "VAE only: number of dimensions whose mean has a variance above 0.01",
    ),
    "KL nats": (
        lambda card: "" if card.kl is None else f"{card.kl:.1f}",
        "VAE only: divergence of the posterior from the prior, summed over dimensions",
    ),
}
"""Heading of each column to its text for a card, and to one line that explains it."""


def print_cards(cards: Mapping[str, Card], console: rich.console.Console | None = None) -> None:
    """Print one row for each encoder, one column for each quantity, and what each quantity means.

    Columns that are empty for all encoders are left out.

    Args:
        cards: Card of each encoder, by the encoder's name.
        console: Console to print to; None for standard output.
    """
    columns = {
        heading: (text, meaning)
        for heading, (text, meaning) in COLUMNS.items()
        if any(text(card) for card in cards.values())
    }
    rows = [[name, *(text(card) for text, _ in columns.values())] for name, card in cards.items()]
    notes = [f"{heading}: {meaning}" for heading, (_, meaning) in columns.items()]
    title = "Embeddings, described without labels"
    print_table(Table(title, ["Encoder", *columns], [rows], notes), console)
