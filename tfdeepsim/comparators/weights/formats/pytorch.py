"""Reads the tensors of a PyTorch checkpoint (`.pth`) without PyTorch, and without running what is
in it."""

import contextlib
import io
import mmap
import os
import struct
import zipfile
from collections.abc import Callable, Collection, Iterator
from typing import IO, Any, cast

import numpy as np

from tfdeepsim.comparators.weights.formats import pytorch_pickle
from tfdeepsim.comparators.weights.formats.pytorch_pickle import Storage, TensorView
from tfdeepsim.comparators.weights.formats.reading import reading
from tfdeepsim.errors import InputError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001

Read = Callable[[Storage], bytes]


def read_torch_file(
    path: str | os.PathLike, names: Collection[str] | None = None
) -> dict[str, np.ndarray]:
    """Read a `state_dict` that `torch.save` wrote, in the zip format (PyTorch 1.6 on) or the one
    before.

    A checkpoint that holds it under `state_dict` is unwrapped, and the prefix `module.` of
    `torch.nn.DataParallel` is taken off. Entries that are no tensors are left out.

    Args:
        path: The file.
        names: Read only these tensors, where the file has them; all of them if not given.

    Returns:
        read-only arrays by name, in the dtype of the file except that bfloat16 comes as float32.

    Raises:
        InputError: If there is no such file, it is damaged, it is no such checkpoint, or its pickle
            holds anything but tensors, words, numbers and containers.
    """
    if not os.path.isfile(path):
        raise InputError(
            "weights must be a file", got=f"no file {path}", accepted="the path of a .pth file"
        )
    must, accepted = "a whole PyTorch checkpoint", "a state_dict written by torch.save"
    with reading(path, must, accepted), _opened(path) as (content, read):
        tensors = _state_dict(content)
        wanted = tensors if names is None else [name for name in names if name in tensors]
        return {name: _array(tensors[name], read) for name in wanted}


@contextlib.contextmanager
def _opened(path: str | os.PathLike) -> Iterator[tuple[Any, Read]]:
    """What the pickle of the file holds, and how to read the bytes of a storage."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(file) as archive:
                yield _open_zip(archive)
        else:
            yield _open_legacy(data)


def _open_zip(archive: zipfile.ZipFile) -> tuple[Any, Read]:
    root = next(name for name in archive.namelist() if name.endswith("/data.pkl")).removesuffix(
        "data.pkl"
    )

    def read(name: str) -> bytes:
        member = archive.getinfo(root + name)
        # torch.save never compresses; a compressed member can unpack to any size.
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise ValueError(f"{name} is compressed")
        return archive.read(member)

    if root + "byteorder" in archive.namelist() and read("byteorder") != b"little":
        raise ValueError("numbers must be little-endian")
    content, _ = pytorch_pickle.interpret(io.BytesIO(read("data.pkl")))
    return content, lambda storage: read(f"data/{storage.key}")


def _open_legacy(data: mmap.mmap) -> tuple[Any, Read]:
    """Five pickles (magic number, version, system, content, keys), then each storage after its
    length."""
    file = cast(IO[bytes], data)
    magic, version, system = (pytorch_pickle.interpret(file)[0] for _ in range(3))
    if (magic, version) != (_LEGACY_MAGIC, _LEGACY_PROTOCOL) or not system["little_endian"]:
        raise ValueError("not the magic number of torch.save")
    content, storages = pytorch_pickle.interpret(file)
    keys, _ = pytorch_pickle.interpret(file)
    starts: dict[str, int] = {}
    position = data.tell()
    for key in keys:
        (length,) = struct.unpack_from("<q", data, position)
        if length != storages[key].length:
            raise ValueError("a storage of another length than its tensors expect")
        starts[key] = position + 8
        position += 8 + length * _numpy_dtype(storages[key]).itemsize
    if position > len(data):
        raise EOFError("the file is cut off")

    def read(storage: Storage) -> bytes:
        start = starts[storage.key]
        return data[start : start + storage.length * _numpy_dtype(storage).itemsize]

    return content, read


def _state_dict(content: Any) -> dict[str, TensorView]:
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    entries = content.items() if isinstance(content, dict) else ()
    tensors = {str(name): value for name, value in entries if isinstance(value, TensorView)}
    if not tensors:
        raise ValueError("no tensors by name")
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    return tensors


def _array(tensor: TensorView, read: Read) -> np.ndarray:
    dtype = _numpy_dtype(tensor.storage)
    data = read(tensor.storage)
    if len(data) != tensor.storage.length * dtype.itemsize:
        raise EOFError("a storage is cut off")
    strides = [step * dtype.itemsize for step in tensor.stride]
    array = np.ndarray(tensor.size, dtype, data, tensor.offset * dtype.itemsize, strides)
    if tensor.storage.dtype == "bfloat16":
        # bfloat16 is the upper half of a float32.
        array = (array.astype("<u4") << 16).view("<f4")
    return array


def _numpy_dtype(storage: Storage) -> np.dtype:
    return np.dtype("<u2" if storage.dtype == "bfloat16" else storage.dtype)
