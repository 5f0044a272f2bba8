"""Reads weight tensors from any file format that the comparators know."""

import os
from collections.abc import Collection

import numpy as np

from tfdeepsim.comparators.torch_file import read_torch_file
from tfdeepsim.errors import InputError


def read_weight_file(path: str | os.PathLike, names: Collection[str]) -> dict[str, np.ndarray]:
    """Read those of the named tensors that the file has.

    Args:
        path: A `.safetensors` file, or else a PyTorch checkpoint.
        names: Tensors to read.

    Returns:
        read-only arrays by name, in the dtype of the file.

    Raises:
        InputError: If there is no such file, or it is damaged.
    """
    if not os.path.isfile(path):
        raise InputError(
            "weights must be a file",
            got=f"no file {path}",
            accepted="the path of a .pth or .safetensors file",
        )
    if os.fspath(path).endswith(".safetensors"):
        return _read_safetensors(path, names)
    return read_torch_file(path, names)


def _read_safetensors(path: str | os.PathLike, names: Collection[str]) -> dict[str, np.ndarray]:
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise InputError(
            "reading .safetensors needs the package safetensors",
            got="none installed",
            accepted="pip install safetensors, or a .pth file",
        ) from error
    try:
        with safe_open(path, framework="numpy") as file:
            present = set(file.keys())
            return {name: file.get_tensor(name) for name in names if name in present}
    # TypeError: a number format that NumPy does not have.
    except (OSError, TypeError, SafetensorError) as error:
        raise InputError(
            f"cannot read {path}: it must be a whole safetensors file",
            got=f"{str(error)[:100]!a}",
            accepted="float32 or float16 tensors written by safetensors",
        ) from error
