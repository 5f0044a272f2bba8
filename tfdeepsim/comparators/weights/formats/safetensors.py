"""Reads and writes tensors in `.safetensors` files."""

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tfdeepsim.comparators.weights.formats.weight_file import WeightFile
from tfdeepsim.errors import InputError


def read_safetensors_file(path: str, names: Collection[str]) -> WeightFile:
    """Read those of the named tensors that a `.safetensors` file has.

    Args:
        path: The file.
        names: Names of the tensors to read.

    Raises:
        InputError: If the file is damaged, or holds numbers in a format that NumPy does not have.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            present = set(file.keys())
            return WeightFile({name: file.get_tensor(name) for name in names if name in present})
    # TypeError: a number format that NumPy does not have.
    except (OSError, TypeError, SafetensorError) as error:
        raise InputError(
            f"cannot read {path}: it must be a whole safetensors file",
            got=f"{str(error)[:100]!a}",
            accepted="float32 or float16 tensors written by safetensors",
        ) from error


def write_safetensors_file(
    path: str | os.PathLike, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> None:
    """Write tensors with texts about them; the same ones give the same bytes, which `safetensors`
    by itself does not promise of the texts.

    Args:
        path: File to write.
        tensors: Tensors by name.
        metadata: Texts by name.
    """
    content = save(dict(tensors), metadata=dict(metadata))
    end = 8 + int.from_bytes(content[:8], "little")
    fields = json.loads(content[8:end])
    fields["__metadata__"] = dict(sorted(metadata.items()))
    header = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()
    header += b" " * (-len(header) % 8)
    Path(path).write_bytes(len(header).to_bytes(8, "little") + header + content[end:])
