"""The embedding card: numbers that describe embeddings without labels."""

from tfdeepsim.card.card import Card, make_card, read_card
from tfdeepsim.card.table import print_cards
from tfdeepsim.card.write import write_card

__all__ = ["Card", "make_card", "print_cards", "read_card", "write_card"]
