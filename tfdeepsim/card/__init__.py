"""The embedding card: what an embedding is like, told without labels."""

from tfdeepsim.card.card import Card, make_card, read_card
from tfdeepsim.card.table import print_cards
from tfdeepsim.card.write import write_card

__all__ = ["Card", "make_card", "print_cards", "read_card", "write_card"]
