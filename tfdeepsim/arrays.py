"""Arrays with a JSON record in one `.npz` file, e.g. the checkpoint of a run."""

import functools
import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.numpy_files import DamagedArrays, read_npz


def save_arrays(path: str | os.PathLike, arrays: list[np.ndarray], meta: dict[str, Any]) -> None:
    """Write arrays and a JSON record as one `.npz` file, completely or not at all.

    Args:
        path: File to write or replace.
        arrays: Arrays of any shapes and dtypes that NumPy saves without pickle.
        meta: Record of JSON values.
    """
    named: dict[str, Any] = {f"{index:04d}": array for index, array in enumerate(arrays)}
    record = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    with replacing(path) as new, open(new, "wb") as file:
        np.savez(file, meta=record, **named)


def load_arrays(path: str | os.PathLike) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Read what `save_arrays` wrote.

    Args:
        path: The file.

    Returns:
        The arrays in their order, and the record.

    Raises:
        InputError: If the file is missing or damaged.
    """
    try:
        arrays = read_npz(path)
        meta = json.loads(arrays.pop("meta").tobytes())
        if not isinstance(meta, dict):
            raise DamagedArrays("its record is no JSON object")
        return [arrays[name] for name in sorted(arrays)], meta
    except (OSError, ValueError, KeyError, RecursionError) as error:
        raise InputError(
            "a run's checkpoint must be complete",
            got=f"{path} ({error})",
            accepted="a run directory that train.py wrote, or --overwrite to start anew",
        ) from error


def assign(variables: Sequence[Any], arrays: Sequence[np.ndarray], source: object) -> None:
    """Assign arrays to variables, in order.

    Args:
        variables: TensorFlow or Keras variables.
        arrays: New value of each variable.
        source: File that the arrays come from, for the message of the error.

    Raises:
        InputError: If the number of arrays, a shape, or the kind of a dtype differs.
    """
    shapes, expected = [a.shape for a in arrays], [tuple(v.shape) for v in variables]
    if shapes != expected:
        raise InputError(
            "a checkpoint must fit its run's config.json",
            got=f"{source} with {len(shapes)} tensors of other shapes",
            accepted=f"{len(expected)} tensors as {expected[:3]} ...",
        )
    kinds = [array.dtype for array in arrays]
    taken = [np.dtype(v.dtype if isinstance(v.dtype, str) else v.dtype.name) for v in variables]
    if not all(map(functools.partial(np.can_cast, casting="same_kind"), kinds, taken)):
        raise InputError(
            "a checkpoint must fit its run's config.json",
            got=f"{source} with tensors of {', '.join(sorted({str(kind) for kind in kinds}))}",
            accepted=f"tensors of {', '.join(sorted({str(kind) for kind in taken}))}",
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
