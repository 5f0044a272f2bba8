"""The weights that come with the package, in `saved_models/`, each beside its card."""

import hashlib
import json
import os
import sysconfig
from pathlib import Path
from typing import Any

from tfdeepsim.errors import InputError

# Beside the package in a checkout; where setup.cfg has them put otherwise.
_FOLDERS = (
    Path(__file__).parents[3] / "saved_models",
    Path(sysconfig.get_path("data"), "share", "tfdeepsim", "saved_models"),
)


def bundled_weights(name: str) -> Path | None:
    """The file with the weights of a comparator that comes with the package; None if none does."""
    files = (folder / f"{name}.safetensors" for folder in _FOLDERS)
    return next((file for file in files if file.is_file()), None)


def card(path: str | os.PathLike) -> dict[str, Any] | None:
    """What is known of weights in the box; None for any other file."""
    path = Path(path)
    beside = path.with_suffix(".json")
    if path.parent not in _FOLDERS or not (path.is_file() and beside.is_file()):
        return None
    return json.loads(beside.read_text())


def check_bundled(path: str | os.PathLike) -> None:
    """Raises InputError if weights in the box are not the ones that their card describes."""
    known = card(path)
    if known is None:
        return
    with open(path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 != known["sha256"]:
        raise InputError(
            f"{path} must be the file that came with the package",
            got=f"SHA-256 {sha256[:12]}...",
            accepted=f"{known['sha256'][:12]}...; install the package again",
        )
