"""Arrays with a JSON record in one `.npz`: what training writes and later stages read."""

import json
import os
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing


def save_arrays(path: str | os.PathLike, arrays: list[np.ndarray], meta: dict[str, Any]) -> None:
    """Write arrays and a JSON record as one `.npz`, whole or not at all."""
    named: dict[str, Any] = {f"{index:04d}": array for index, array in enumerate(arrays)}
    record = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    with replacing(path) as new, open(new, "wb") as file:
        np.savez(file, meta=record, **named)


def load_arrays(path: str | os.PathLike) -> tuple[list[np.ndarray], dict[str, Any]]:
    """What `save_arrays` wrote.

    Raises:
        InputError: If the file is missing or damaged.
    """
    try:
        with open(path, "rb") as opened, np.load(opened) as file:
            meta = json.loads(file["meta"].tobytes())
            return [file[name] for name in sorted(file.files) if name != "meta"], meta
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            "a run's checkpoint must be whole",
            got=f"{path} ({error})",
            accepted="a run directory that train.py wrote, or --overwrite to start anew",
        ) from error


def assign(variables: Sequence[Any], arrays: Sequence[np.ndarray], source: object) -> None:
    """Give `variables` the values of `arrays`, in order.

    Raises:
        InputError: If the number or a shape differs.
    """
    found, expected = [a.shape for a in arrays], [tuple(v.shape) for v in variables]
    if found != expected:
        raise InputError(
            "a checkpoint must fit its run's config.json",
            got=f"{source} with {len(found)} tensors of other shapes",
            accepted=f"{len(expected)} tensors as {expected[:3]} ...",
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
