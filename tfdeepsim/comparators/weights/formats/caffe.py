"""Reads the weights in a `.caffemodel` without Caffe.

Such a file is a message `NetParameter` of Caffe's caffe.proto. It is read in place: a parsed copy
would hold hundreds of megabytes of layers that are not needed.
"""

import dataclasses
import math
import mmap
from collections.abc import Collection

import numpy as np

from tfdeepsim.comparators.weights.formats.input_errors import as_input_error
from tfdeepsim.comparators.weights.formats.protobuf_wire import BYTES, VARINT, fields, varint
from tfdeepsim.comparators.weights.formats.weight_file import WeightFile


@dataclasses.dataclass(frozen=True)
class _LayerVersion:
    """How one version of caffe.proto stores a layer.

    Attributes:
        name: Number of the field with the layer's name.
        type: Number of the field with its type.
        blobs: Number of the field with its blobs.
        lrn: Bytes of the type of an LRN layer.
        pool: Bytes of the type of a pooling layer.
    """

    name: int
    type: int
    blobs: int
    lrn: bytes
    pool: bytes


# By the number of the network's field: layers of today (V2), and those of before 2014 (V1).
_VERSIONS = {
    100: _LayerVersion(name=1, type=2, blobs=7, lrn=b"LRN", pool=b"Pooling"),
    2: _LayerVersion(name=4, type=5, blobs=6, lrn=bytes([15]), pool=bytes([17])),
}

# Numbers of the fields of a blob. Old files store four sizes (number, channels, height, width) in
# place of a shape.
_SIZES, _FLOATS, _SHAPE, _DOUBLES = (1, 2, 3, 4), 5, 7, 8

# Number of the field of a shape, and the most axes that Caffe allows.
_AXIS, _MOST_AXES = 1, 32


def read_caffe_file(path: str, names: Collection[str]) -> WeightFile:
    """Read a `.caffemodel`.

    Args:
        path: The file.
        names: Names of the tensors to read: `LAYER.weight` and `LAYER.bias` are the first and the
            second blob of a layer.

    Returns:
        Those of the tensors that the file has, as views of the file, float32 or float64; and
        whether its first pooling layer stands before its first LRN layer.

    Raises:
        InputError: If there is no such file, it is damaged, or a blob has more or fewer numbers
            than its shape says.
    """
    accepted = (
        "a network that Caffe saved in binary; one of before 2014 (V0) must be upgraded by Caffe"
    )
    with as_input_error(path, "a whole binary .caffemodel", accepted):
        with open(path, "rb") as file:
            # Lives as long as the arrays, which are views of it.
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return _network(data, set(names))


def _network(data: memoryview, names: set[str]) -> WeightFile:
    tensors = {}
    kinds = []
    for number, wire, value in fields(data):
        if number in _VERSIONS and wire == BYTES:
            name, kind, blobs = _layer(value, _VERSIONS[number])
            kinds.append(kind)
            for part, blob in zip(("weight", "bias"), blobs, strict=False):
                if f"{name}.{part}" in names:
                    tensors[f"{name}.{part}"] = _squeezed(_array(blob))
    if not kinds:
        raise ValueError("no layers")
    order = [kind for kind in kinds if kind]
    return WeightFile(
        tensors, pool_first=order[0] == "pool" if {"lrn", "pool"} <= set(order) else None
    )


def _layer(data: memoryview, version: _LayerVersion) -> tuple[str, str | None, list[memoryview]]:
    """Name of a layer, its kind if it is a `pool` or an `lrn`, and its first two blobs."""
    name, kind = None, None
    blobs: list[memoryview] = []
    for number, _, value in fields(data):
        if number == version.name:
            name = str(value, "utf-8")
        elif number == version.type:
            kind = {version.lrn: "lrn", version.pool: "pool"}.get(bytes(value[:9]))
        elif number == version.blobs and len(blobs) < 2:
            blobs.append(value)
    if name is None:
        raise ValueError("a layer without a name")
    return name, kind, blobs


def _array(blob: memoryview) -> np.ndarray:
    sizes = dict.fromkeys(_SIZES, 0)
    shape = None
    for number, wire, value in fields(blob):
        if number in sizes and wire == VARINT:
            sizes[number], _ = varint(value)
        elif number == _SHAPE:
            shape = _axes(value)
    shape = list(sizes.values()) if shape is None else shape
    doubles = _joined(blob, _DOUBLES)
    array = (
        np.frombuffer(doubles, "<f8") if doubles else np.frombuffer(_joined(blob, _FLOATS), "<f4")
    )
    if math.prod(shape) != array.size:
        raise ValueError(f"a blob of shape {shape} with {array.size} numbers")
    return array.reshape(shape)


def _axes(shape: memoryview) -> list[int]:
    sizes: list[int] = []
    numbers = _joined(shape, _AXIS)
    at = 0
    while at < len(numbers):
        size, at = varint(numbers, at)
        sizes.append(size)
        if len(sizes) > _MOST_AXES:
            raise ValueError(f"a blob with more than {_MOST_AXES} axes")
    return sizes


def _joined(message: memoryview, field: int) -> memoryview:
    """The bytes of a list of numbers: a view of one field, or a copy where each has a field of its
    own."""
    parts = (value for number, _, value in fields(message) if number == field)
    first = next(parts, memoryview(b""))
    rest = bytearray()
    for part in parts:
        rest += part
    return memoryview(bytearray(first) + rest).toreadonly() if rest else first


def _squeezed(array: np.ndarray) -> np.ndarray:
    """The array without the leading axes of length 1 that old files give to dense layers and
    biases."""
    if array.ndim == 4 and array.shape[:2] == (1, 1):
        return array[0, 0, 0] if array.shape[2] == 1 else array[0, 0]
    return array
