"""Writes PyTorch checkpoints byte by byte, valid and hostile ones, without PyTorch."""

import pickle
import struct
import zipfile

import numpy as np

KINDS = {
    "<f4": b"FloatStorage",
    "<f2": b"HalfStorage",
    "<i8": b"LongStorage",
    "|b1": b"BoolStorage",
}


def atom(value) -> bytes:
    """The opcodes that push a number, a text or a tuple of these."""
    return pickle.dumps(value, 2)[2:-1]


def call(module: str, name: str, *arguments: bytes) -> bytes:
    return f"c{module}\n{name}\n".encode() + b"(" + b"".join(arguments) + b"tR"


def storage(key: str, length, kind: bytes = b"FloatStorage") -> bytes:
    return (
        b"("
        + atom("storage")
        + b"ctorch\n"
        + kind
        + b"\n"
        + atom(key)
        + atom("cpu")
        + atom(length)
        + b"tQ"
    )


def tensor(store: bytes, size, stride, offset=0) -> bytes:
    arguments = (
        store,
        atom(offset),
        atom(size),
        atom(stride),
        atom(False),
        call("collections", "OrderedDict"),
    )
    return call("torch._utils", "_rebuild_tensor_v2", *arguments)


def dictionary(**entries: bytes) -> bytes:
    return (
        b"}("
        + b"".join(atom(name.replace("__", ".")) + value for name, value in entries.items())
        + b"u"
    )


def write_zip(
    path, body: bytes, storages: dict[str, bytes], compression=zipfile.ZIP_STORED
) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + body + b".")
        archive.writestr("archive/byteorder", b"little")
        for key, data in storages.items():
            archive.writestr(f"archive/data/{key}", data)


def write_legacy(path, body: bytes, storages: dict[str, bytes], itemsize: int = 4) -> None:
    system = {
        "protocol_version": 1001,
        "little_endian": True,
        "type_sizes": {"short": 2, "int": 4, "long": 4},
    }
    with open(path, "wb") as file:
        for value in (0x1950A86A20F9469CFC6C, 1001, system):
            pickle.dump(value, file, 2)
        file.write(b"\x80\x02" + body + b".")
        pickle.dump(list(storages), file, 2)
        for data in storages.values():
            file.write(struct.pack("<q", len(data) // itemsize) + data)


WRITERS = {"zip": write_zip, "legacy": write_legacy}


def write_arrays(path, writer: str = "zip", **arrays: np.ndarray) -> None:
    """Write a state_dict of float32 arrays; `__` in a name stands for a dot."""
    entries, storages = {}, {}
    for index, (name, array) in enumerate(arrays.items()):
        stride = tuple(step // array.itemsize for step in array.strides)
        store = storage(str(index), array.size, KINDS[array.dtype.str])
        entries[name] = tensor(store, array.shape, stride)
        storages[str(index)] = array.tobytes()
    WRITERS[writer](path, dictionary(**entries), storages)
