"""Reads a network's layers from a `.npy` file that holds a dictionary, without running anything
that it names."""

import dataclasses
import math
import mmap
import re
import warnings
from collections.abc import Collection, Mapping
from typing import IO, Any, ClassVar, cast

import numpy as np

from tfdeepsim.comparators.weights.formats.input_errors import as_input_error
from tfdeepsim.comparators.weights.formats.restricted_pickle import (
    RestrictedUnpickler,
    StandIn,
    key_text,
)
from tfdeepsim.comparators.weights.formats.weight_file import WeightFile

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_MOST_AXES = 32


@dataclasses.dataclass
class PickledDtype:
    """The stand-in for a `numpy.dtype`.

    Attributes:
        code: Kind of number and bytes of one, e.g. `f4`; `O8` of an array of objects.
        order: Byte order: `<` or `>`; `|` for none and `=` for this machine's.
    """

    code: str
    order: str = "="

    def __setstate__(self, state: Any) -> None:
        self.order = _text(state[1])

    def numpy_dtype(self) -> np.dtype:
        """The number format itself.

        Raises:
            ValueError: If it is not a format of numbers.
        """
        if not re.fullmatch("[<>|=]([fiu][1248]|b1)", self.order + self.code):
            raise ValueError("an array of something else than numbers")
        return np.dtype(self.order + self.code)


@dataclasses.dataclass
class PickledArray:
    """The stand-in for a `numpy.ndarray`: its parts, which are not checked before `numbers`.

    Attributes:
        shape: Shape of the array.
        dtype: The `PickledDtype` of its numbers.
        fortran: Whether the first axis varies fastest.
        data: Bytes of the numbers, or a text of one Latin-1 letter a byte where the pickle has
            such; a list of objects if the array holds objects.
    """

    shape: Any = ()
    dtype: Any = None
    fortran: Any = False
    data: Any = None

    def __setstate__(self, state: Any) -> None:
        _version, self.shape, self.dtype, self.fortran, self.data = state

    def numbers(self) -> np.ndarray:
        """The array, read-only.

        Raises:
            ValueError: If it holds no numbers, or not as many as its shape has.
        """
        if not isinstance(self.dtype, PickledDtype):
            raise ValueError("an array without a number format")
        dtype = self.dtype.numpy_dtype()
        if type(self.shape) is not tuple or not all(
            type(side) is int and side >= 0 for side in self.shape
        ):
            raise ValueError("an array with a senseless shape")
        data = self.data.encode("latin-1") if type(self.data) is str else self.data
        if not isinstance(data, bytes | bytearray):
            raise ValueError("an array of something else than bytes")
        if math.prod(self.shape[:_MOST_AXES]) * dtype.itemsize != len(data):
            raise ValueError("an array with more or fewer numbers than its shape has")
        array = np.ndarray(self.shape, dtype, data, order="F" if self.fortran else "C")
        array.flags.writeable = False
        return array


def _reconstruct(*_: Any) -> PickledArray:
    return PickledArray()


def _from_buffer(buffer: Any, dtype: Any, shape: Any, order: Any) -> PickledArray:
    return PickledArray(shape, dtype, order == "F", buffer)


def _dtype(code: Any, *_: Any) -> PickledDtype:
    return PickledDtype(_text(code))


def _encode(text: Any, *_: Any) -> str:
    # Protocol 2 of Python 3 stores bytes as a call that encodes text. The text is kept as it is:
    # encoding one text many times could fill the memory.
    return _text(text)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError("something else where text is expected")
    return value


class _NumpyUnpickler(RestrictedUnpickler):
    """Reads the pickle in a `.npy` file of objects, with a `PickledArray` for every array."""

    rule = "a .npy file of weights holds arrays only"
    accepted = "a dictionary of layers written by numpy.save"
    stand_ins: ClassVar = {
        ("numpy", "ndarray"): StandIn(),
        ("numpy", "dtype"): StandIn(_dtype),
        ("_codecs", "encode"): StandIn(_encode),
        # NumPy 2 renamed the core of NumPy 1.
        ("numpy.core.multiarray", "_reconstruct"): StandIn(_reconstruct),
        ("numpy._core.multiarray", "_reconstruct"): StandIn(_reconstruct),
        ("numpy.core.numeric", "_frombuffer"): StandIn(_from_buffer),
        ("numpy._core.numeric", "_frombuffer"): StandIn(_from_buffer),
    }


def read_npy_file(path: str, names: Collection[str]) -> WeightFile:
    """Read a dictionary of layers that `numpy.save` wrote, as Caffe's networks came to TensorFlow.

    Its values are `[kernel, bias]`, or `{"weights": kernel, "biases": bias}`. Kernels of
    convolutions are [height, width, in / groups, out] and those of dense layers [in, out] there,
    with maps flattened channels last.

    Args:
        path: The file.
        names: Names of the tensors to read, `LAYER.weight` and `LAYER.bias`, in the network's order
            from its start: the dense layer after the convolutions reads a map with as many channels
            as the last convolution has.

    Returns:
        Those of the tensors that the file has.

    Raises:
        InputError: If the file is damaged, is no such dictionary, or its pickle holds anything but
            arrays, text, numbers and containers.
    """
    rule = "a whole .npy dictionary of layers"
    accepted = "{'conv1': [kernel, bias], ...} by numpy.save"
    with as_input_error(path, rule, accepted), open(path, "rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            layers = _layers(cast(IO[bytes], data))
        return WeightFile(_in_the_order_of_caffe(layers, names))


def _layers(file: IO[bytes]) -> dict[str, Any]:
    # NumPy warns of headers that an older NumPy wrote for arrays with dimensions; this has none.
    with warnings.catch_warnings(action="error"):
        shape, _, dtype = _HEADERS[np.lib.format.read_magic(file)](file)
    if shape != () or dtype.kind != "O":
        raise ValueError(f"an array of shape {list(shape)}, {dtype}")
    match _NumpyUnpickler(file).load():
        case PickledArray(dtype=PickledDtype(), data=[dict(layers)]):
            return {key_text(key): value for key, value in layers.items()}
    raise ValueError("no dictionary")


def _in_the_order_of_caffe(
    layers: Mapping[str, Any], names: Collection[str]
) -> dict[str, np.ndarray]:
    tensors = {}
    channels = 0
    for name in names:
        layer, _, part = name.rpartition(".")
        if layer not in layers:
            continue
        value = _parts(layers[layer])[part].numbers()
        if value.ndim == 4:
            tensors[name], channels = value.transpose(3, 2, 0, 1), value.shape[3]
        elif value.ndim == 2:
            tensors[name], channels = _dense(value, channels), 0
        else:
            tensors[name] = value
    return tensors


def _parts(layer: Any) -> dict[str, PickledArray]:
    match layer:
        case [PickledArray() as kernel, PickledArray() as bias]:
            return {"weight": kernel, "bias": bias}
        case dict():
            by_name = {key_text(key): value for key, value in layer.items()}
            return _parts([by_name.get(name) for name in ("weights", "biases")])
    raise ValueError("a layer that is no kernel and bias")


def _dense(kernel: np.ndarray, channels: int) -> np.ndarray:
    """[in, out] to [out, in]; a map of `channels` (0: none) from channels last to channels
    first."""
    inputs, outputs = kernel.shape
    side = math.isqrt(inputs // channels) if channels else 0
    if not side or channels * side**2 != inputs:
        return kernel.T
    return kernel.reshape(side, side, channels, outputs).transpose(3, 2, 0, 1).reshape(outputs, -1)
