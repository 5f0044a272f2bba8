"""Writes Caffe's networks byte by byte, as `.caffemodel` and as `.npy` dictionaries, without
Caffe."""

import pickle
import struct

import numpy as np
from handmade_checkpoint import atom, call

TYPES = {
    "conv": ("Convolution", 4),
    "relu": ("ReLU", 18),
    "lrn": ("LRN", 15),
    "pool": ("Pooling", 17),
}
TYPES |= {"dense": ("InnerProduct", 14), "data": ("Data", 5)}

CAFFE_ORDER = [
    *(
        "data",
        "conv1",
        "relu1",
        "norm1",
        "pool1",
        "conv2",
        "relu2",
        "norm2",
        "pool2",
        "conv3",
        "relu3",
    ),
    *("conv4", "relu4", "conv5", "relu5", "pool5", "fc6", "relu6", "fc7", "relu7", "fc8"),
    "prob",
]
KINDS = {
    "data": "data",
    "conv": "conv",
    "relu": "relu",
    "norm": "lrn",
    "pool": "pool",
    "fc": "dense",
}


def varint(value: int) -> bytes:
    data = b""
    while value > 127:
        data += bytes([value & 127 | 128])
        value >>= 7
    return data + bytes([value])


def field(number: int, value: bytes | int) -> bytes:
    """A field with bytes or a number as its value."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def numbers(values: np.ndarray, packed: bool = True) -> bytes:
    """The field `data` of float32, or `double_data` of float64."""
    number, wire, kind = (5, 5, "<f") if values.dtype == np.float32 else (8, 1, "<d")
    if packed:
        return field(number, values.tobytes())
    key = varint(number << 3 | wire)
    return b"".join(key + struct.pack(kind, value) for value in values.reshape(-1))


def blob(values: np.ndarray, legacy: bool = False, packed: bool = True) -> bytes:
    if legacy:
        sizes = (1,) * (4 - values.ndim) + values.shape
        return b"".join(field(i, size) for i, size in enumerate(sizes, 1)) + numbers(values, packed)
    axes = b"".join(map(varint, values.shape))
    shape = field(1, axes) if packed else b"".join(field(1, size) for size in values.shape)
    return numbers(values, packed) + field(7, shape)


def layer_v2(name: str, kind: str, *blobs: bytes) -> bytes:
    data = field(1, name.encode()) + field(2, TYPES[kind][0].encode()) + field(3, b"bottom")
    return field(100, data + b"".join(field(7, value) for value in blobs))


def layer_v1(name: str, kind: str, *blobs: bytes) -> bytes:
    data = field(2, b"bottom") + field(4, name.encode()) + field(5, TYPES[kind][1])
    return field(2, data + b"".join(field(6, value) for value in blobs))


def swapped(order: list[str]) -> list[str]:
    """The order of CaffeNet: each LRN after its pool."""
    swap = {"norm1": "pool1", "pool1": "norm1", "norm2": "pool2", "pool2": "norm2"}
    return [swap.get(name, name) for name in order]


def write_caffemodel(path, weights, order=CAFFE_ORDER, layer=layer_v2, **options) -> None:
    """Write a network of Caffe's layers, up to the last one with weights.

    Args:
        path: The file.
        weights: float32 or float64 tensors by name, e.g. `conv1.weight`.
        order: Names of the network's layers.
        layer: `layer_v1` or `layer_v2`.
        **options: Options of `blob`.
    """
    deepest = max(order.index(name.split(".")[0]) for name in weights)
    with open(path, "wb") as file:
        file.write(field(1, b"AlexNet"))
        for name in order[: deepest + 1]:
            parts = [weights[n] for n in (f"{name}.weight", f"{name}.bias") if n in weights]
            file.write(
                layer(name, KINDS[name.rstrip("12345678")], *(blob(v, **options) for v in parts))
            )


def header(shape: tuple = (), descr: str = "|O") -> bytes:
    """The first bytes of a `.npy` file."""
    text = (
        repr({"descr": descr, "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    )
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def word(value: bytes) -> bytes:
    """The opcodes of text or bytes in a pickle of Python 2."""
    return (
        b"U" + bytes([len(value)]) + value
        if len(value) < 256
        else b"T" + struct.pack("<i", len(value)) + value
    )


def dtype(code: bytes, order: bytes = b"<") -> bytes:
    # 63 means that the items are objects, which are pickled as a list.
    flags = 63 if code == b"O8" else 0
    state = atom(3) + word(order) + b"NNN" + atom(-1) + atom(-1) + atom(flags)
    return call("numpy", "dtype", word(code), atom(0), atom(1)) + b"(" + state + b"tb"


def array(
    data: bytes, shape: tuple, code: bytes = b"f4", order: bytes = b"<", fortran: bool = False
) -> bytes:
    """An array as Python 2 pickled it; `data` are opcodes."""
    empty = call(
        "numpy.core.multiarray", "_reconstruct", b"cnumpy\nndarray\n", atom((0,)), word(b"b")
    )
    return empty + b"(" + atom(1) + atom(shape) + dtype(code, order) + atom(fortran) + data + b"tb"


def objects(body: bytes) -> bytes:
    """The array of one object that `numpy.save` writes for it."""
    return array(b"]" + body + b"a", (), b"O8", b"|")


def entries(**values: bytes) -> bytes:
    return b"}(" + b"".join(word(name.encode()) + value for name, value in values.items()) + b"u"


def kernel_and_bias(kernel: np.ndarray, bias: np.ndarray) -> bytes:
    return b"](" + b"".join(array(word(v.tobytes()), v.shape) for v in (kernel, bias)) + b"e"


def write_npy(path, body: bytes, start: bytes | None = None) -> None:
    path.write_bytes((header() if start is None else start) + b"\x80\x02" + body + b".")


def layers_of_npy(weights, side: int = 6) -> dict[str, list[np.ndarray]]:
    """The layers of a `.npy` dictionary, in no order, for tensors as Caffe's files have them."""
    layers = {}
    for name in sorted({name.split(".")[0] for name in weights}, reverse=True):
        kernel, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        if name == "fc6":
            kernel = (
                kernel.reshape(len(kernel), -1, side, side)
                .transpose(0, 2, 3, 1)
                .reshape(len(kernel), -1)
            )
        layers[name] = [
            np.ascontiguousarray(kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel.T),
            bias,
        ]
    return layers


def write_npy_of_python_2(path, layers) -> None:
    write_npy(
        path, objects(entries(**{name: kernel_and_bias(*parts) for name, parts in layers.items()}))
    )


def write_npy_of_python_3(path, layers, protocol: int) -> None:
    path.write_bytes(header() + pickle.dumps(np.array(layers, object), protocol))
