"""Reads a weights file of any known format; the ending of its name tells which."""

import os
from collections.abc import Collection

from tfdeepsim.comparators.weights.formats.caffe import read_caffe_file
from tfdeepsim.comparators.weights.formats.npy import read_npy_file
from tfdeepsim.comparators.weights.formats.pytorch import read_pytorch_file
from tfdeepsim.comparators.weights.formats.safetensors import read_safetensors_file
from tfdeepsim.comparators.weights.formats.weight_file import WeightFile
from tfdeepsim.errors import InputError

READERS = {
    ".safetensors": read_safetensors_file,
    ".caffemodel": read_caffe_file,
    ".npy": read_npy_file,
}
"""By the ending of a file's name; a file with any other ending is a PyTorch checkpoint."""


def read_weight_file(path: str | os.PathLike, names: Collection[str]) -> WeightFile:
    """Read those of the named tensors that a file has.

    Args:
        path: `.safetensors`, `.caffemodel`, `.npy` (a dictionary of layers), or any other ending
            for a PyTorch checkpoint.
        names: Names of the tensors to read.

    Returns:
        The tensors that the file has, and what it tells about the network.

    Raises:
        InputError: If there is no such file, it is damaged, or it holds anything but tensors.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise InputError(
            "weights must be a file",
            got=f"no file {path}",
            accepted="the path of a .pth, .safetensors, .caffemodel or .npy file, or of a "
            "comparator's run",
        )
    return READERS.get(os.path.splitext(path)[1], read_pytorch_file)(path, names)
