"""Weights that come with the package: files in `saved_models/`, each beside its card."""

import os
from pathlib import Path
from typing import Any

from tfdeepsim.bundled_encoders import BUNDLED_FOLDERS
from tfdeepsim.comparators.weights.read_once import digest_once
from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json


def bundled_file(name: str) -> Path | None:
    """The file with the bundled weights of a comparator; None if the package has none for it.

    Args:
        name: Name of the comparator, without its layers.
    """
    paths = (folder / f"{name}.safetensors" for folder in BUNDLED_FOLDERS)
    return next((path for path in paths if path.is_file()), None)


def card_of(path: str | os.PathLike) -> dict[str, Any] | None:
    """The card of a file with bundled weights: origin, accuracy and digest; None for other files.

    Raises:
        InputError: If the card is damaged.
    """
    path = Path(path)
    card = path.with_suffix(".json")
    if path.parent not in BUNDLED_FOLDERS or not (path.is_file() and card.is_file()):
        return None
    return read_json(card, accepted="the card that came with the package; install it again")


def check_bundled(path: str | os.PathLike) -> None:
    """Check that a file with bundled weights is the one that its card describes.

    Raises:
        InputError: If it is not. Files that are not bundled pass.
    """
    card = card_of(path)
    if card is None:
        return
    sha256 = digest_once(path)
    if sha256 != card["sha256"]:
        raise InputError(
            f"{path} must be the file that came with the package",
            got=f"SHA-256 {sha256[:12]}...",
            accepted=f"{card['sha256'][:12]}...; install the package again",
        )
