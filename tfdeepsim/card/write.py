"""Keep a card with the pictures that belong to it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.card.card import FILE, Card
from tfdeepsim.card.neighbours import nearest_neighbours
from tfdeepsim.card.sheet import neighbour_sheet
from tfdeepsim.files import replacing
from tfdeepsim.training.projector import write_projector

QUERIES, NEIGHBOURS, PROJECTED = 8, 9, 1000


def write_card(
    folder: Path, card: Card, embeddings: np.ndarray, images: Any, labels: Mapping[str, np.ndarray]
) -> None:
    """Write `card.json`, `neighbours.png` and `projector/` into `folder`, all whole or none.

    Images are drawn with a fixed seed, so that the sheets of two encoders show the same ones.
    `tensorboard --logdir FOLDER/projector` shows up to 1000 embeddings with their images and
    labels.

    Args:
        folder: Created where it does not exist. What an earlier card left there is replaced.
        card: Made from `embeddings`.
        embeddings: float [N, Z].
        images: uint8 [N, H, W, C], or what is indexed alike.
        labels: Name to [N] or [N, k]; may be empty.
    """
    neighbours = nearest_neighbours(embeddings, _some(len(embeddings), QUERIES), NEIGHBOURS)
    shown = _some(len(embeddings), PROJECTED)
    shown_labels = {name: np.asarray(values)[shown] for name, values in labels.items()}
    with (
        replacing(folder / FILE) as text,
        replacing(folder / "neighbours.png") as sheet,
        replacing(folder / "projector") as projector,
    ):
        text.write_text(json.dumps(card.to_dict(), indent=2) + "\n")
        neighbour_sheet(images, neighbours).save(sheet, format="PNG")
        projector.mkdir()
        write_projector(projector, embeddings[shown], np.asarray(images[shown]), shown_labels)


def _some(examples: int, count: int) -> np.ndarray:
    """Rising row numbers, drawn with a fixed seed: images often come sorted by class."""
    return np.sort(np.random.default_rng(0).permutation(examples)[:count])
