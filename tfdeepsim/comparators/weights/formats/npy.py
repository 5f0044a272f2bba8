"""Reads a network's layers from a `.npy` file that holds a dictionary, without running what is in
it."""

import math
import mmap
import warnings
from collections.abc import Collection, Mapping
from typing import IO, Any, cast

import numpy as np

from tfdeepsim.comparators.weights.formats.npy_pickle import PickledArray, PickledDtype, interpret
from tfdeepsim.comparators.weights.formats.reading import reading

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npy_file(path: str, names: Collection[str]) -> dict[str, np.ndarray]:
    """Read a dictionary of layers that `numpy.save` wrote, as Caffe's networks came to TensorFlow.

    Its values are `[kernel, bias]`, or `{"weights": kernel, "biases": bias}`. Kernels of
    convolutions are [height, width, in / groups, out] and dense ones [in, out] there, with maps
    flattened channels last.

    Args:
        path: The file.
        names: Tensors to read, `LAYER.weight` and `LAYER.bias`, in the network's order from its
            start: the dense layer after the convolutions reads a map with as many channels as the
                last of them has.

    Returns:
        those that the file has, read-only, shaped as `WeightFile` says, in the dtype of the file.

    Raises:
        InputError: If the file is damaged, is no such dictionary, or its pickle holds anything but
            arrays, words, numbers and containers.
    """
    must, accepted = (
        "a whole .npy dictionary of layers",
        "{'conv1': [kernel, bias], ...} by numpy.save",
    )
    with reading(path, must, accepted), open(path, "rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            layers = _layers(cast(IO[bytes], data))
        return _in_the_order_of_caffe(layers, names)


def _layers(file: IO[bytes]) -> dict[str, Any]:
    # NumPy warns of headers that an older NumPy wrote for arrays with dimensions; here there are
    # none.
    with warnings.catch_warnings(action="error"):
        shape, _, dtype = _HEADERS[np.lib.format.read_magic(file)](file)
    if shape != () or dtype.kind != "O":
        raise ValueError(f"an array of shape {list(shape)}, {dtype}")
    match interpret(file):
        case PickledArray(dtype=PickledDtype(), data=[dict(layers)]):
            return {_word(key): value for key, value in layers.items()}
    raise ValueError("no dictionary")


def _word(key: Any) -> str:
    return key.decode("latin-1") if type(key) is bytes else str(key)


def _in_the_order_of_caffe(
    layers: Mapping[str, Any], names: Collection[str]
) -> dict[str, np.ndarray]:
    found = {}
    channels = 0
    for name in names:
        layer, _, part = name.rpartition(".")
        if layer not in layers:
            continue
        value = _parts(layers[layer])[part].numbers()
        if value.ndim == 4:
            found[name], channels = value.transpose(3, 2, 0, 1), value.shape[3]
        elif value.ndim == 2:
            found[name], channels = _dense(value, channels), 0
        else:
            found[name] = value
    return found


def _parts(layer: Any) -> dict[str, PickledArray]:
    match layer:
        case [PickledArray() as kernel, PickledArray() as bias]:
            return {"weight": kernel, "bias": bias}
        case dict():
            words = {_word(key): value for key, value in layer.items()}
            return _parts([words.get(word) for word in ("weights", "biases")])
    raise ValueError("a layer that is no kernel and bias")


def _dense(kernel: np.ndarray, channels: int) -> np.ndarray:
    """[in, out] to [out, in]; a map of `channels` (0: none) from channels last to channels
    first."""
    inputs, outputs = kernel.shape
    side = math.isqrt(inputs // channels) if channels else 0
    if not side or channels * side**2 != inputs:
        return kernel.T
    return kernel.reshape(side, side, channels, outputs).transpose(3, 2, 0, 1).reshape(outputs, -1)
