"""Reads weight tensors from any file format that the comparators know."""

import dataclasses
import os
from collections.abc import Collection

import numpy as np

from tfdeepsim.errors import InputError


@dataclasses.dataclass(frozen=True)
class WeightFile:
    """What a file holds of a network.

    Attributes:
        tensors: Read-only arrays by name, in the dtype of the file. Convolution kernels are
            [out, in / groups, height, width], dense ones [out, in] with maps flattened channels
            first.
        metadata: Words that a safetensors file holds beside them.
        pool_first: Whether its LRN layers stand after their pools; None if the file does not tell.
    """

    tensors: dict[str, np.ndarray]
    metadata: dict[str, str] = dataclasses.field(default_factory=dict)
    pool_first: bool | None = None


def read_weight_file(path: str | os.PathLike, names: Collection[str]) -> WeightFile:
    """Read those of the named tensors that the file has.

    Args:
        path: `.safetensors`, `.caffemodel`, `.npy` (a dictionary of layers), or else a PyTorch
            checkpoint.
        names: Tensors to read.

    Raises:
        InputError: If there is no such file, or it is damaged.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise InputError(
            "weights must be a file",
            got=f"no file {path}",
            accepted="the path of a .pth, .safetensors, .caffemodel or .npy file, or of a comparator's run",
        )
    if path.endswith(".safetensors"):
        return _read_safetensors(path, names)
    if path.endswith(".caffemodel"):
        from tfdeepsim.comparators.weights.formats.caffe import read_caffe_file

        return read_caffe_file(path, names)
    if path.endswith(".npy"):
        from tfdeepsim.comparators.weights.formats.npy import read_npy_file

        return WeightFile(read_npy_file(path, names))
    from tfdeepsim.comparators.weights.formats.pytorch import read_torch_file

    return WeightFile(read_torch_file(path, names))


def _read_safetensors(path: str, names: Collection[str]) -> WeightFile:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            present = set(file.keys())
            tensors = {name: file.get_tensor(name) for name in names if name in present}
            return WeightFile(tensors, file.metadata() or {})
    # TypeError: a number format that NumPy does not have.
    except (OSError, TypeError, SafetensorError) as error:
        raise InputError(
            f"cannot read {path}: it must be a whole safetensors file",
            got=f"{str(error)[:100]!a}",
            accepted="float32 or float16 tensors written by safetensors",
        ) from error
