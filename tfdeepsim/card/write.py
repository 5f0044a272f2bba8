"""Writing a card with the pictures that belong to it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.card.card import FILE, Card
from tfdeepsim.card.neighbours import nearest_neighbours
from tfdeepsim.card.sheet import neighbour_sheet
from tfdeepsim.files import replacing, write_json
from tfdeepsim.training.projector import write_projector

QUERIES, NEIGHBOURS = 8, 9
"""Numbers of query images, and of neighbours of each, in `neighbours.png`."""
PROJECTED = 1000
"""Largest number of embeddings in `projector/`."""


def write_card(
    folder: Path, card: Card, embeddings: np.ndarray, images: Any, labels: Mapping[str, np.ndarray]
) -> None:
    """Write `card.json`, `neighbours.png` and `projector/` into `folder`, all of them or none.

    The images are chosen with a fixed seed, so that the pictures of two encoders show the same
    ones. `tensorboard --logdir FOLDER/projector` shows up to 1000 embeddings with their images and
    labels.

    Args:
        folder: Folder that the files are written to; it is created if it does not exist, and an
            earlier card is replaced.
        card: Card of the embeddings.
        embeddings: Embeddings of N images, float [N, Z].
        images: The same images, uint8 [N, H, W, C]: an array, or any object that is indexed like
            one.
        labels: Name of each label to its values, [N] or [N, k]; may be empty.
    """
    neighbours = nearest_neighbours(embeddings, _some(len(embeddings), QUERIES), NEIGHBOURS)
    shown = _some(len(embeddings), PROJECTED)
    shown_labels = {name: np.asarray(values)[shown] for name, values in labels.items()}
    with (
        replacing(folder / FILE) as text,
        replacing(folder / "neighbours.png") as sheet,
        replacing(folder / "projector") as projector,
    ):
        write_json(text, card.to_dict())
        neighbour_sheet(images, neighbours).save(sheet, format="PNG")
        projector.mkdir()
        write_projector(projector, embeddings[shown], np.asarray(images[shown]), shown_labels)


def _some(examples: int, count: int) -> np.ndarray:
    """Ascending row numbers, chosen at random, as images are often sorted by class; fixed seed."""
    return np.sort(np.random.default_rng(0).permutation(examples)[:count])
