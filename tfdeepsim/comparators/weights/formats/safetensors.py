"""Reads tensors from a `.safetensors` file."""

from collections.abc import Collection

from safetensors import SafetensorError, safe_open

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
