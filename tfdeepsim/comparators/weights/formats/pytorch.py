"""Reads the tensors of a PyTorch checkpoint (`.pth`) without PyTorch, and without running anything
that it names."""

import contextlib
import dataclasses
import io
import math
import mmap
import os
import struct
import zipfile
from collections.abc import Callable, Collection, Iterator
from typing import IO, Any, ClassVar, cast

import numpy as np

from tfdeepsim.comparators.weights.formats.input_errors import as_input_error
from tfdeepsim.comparators.weights.formats.restricted_pickle import (
    RestrictedUnpickler,
    Sealed,
    StandIn,
    key_text,
)
from tfdeepsim.comparators.weights.formats.weight_file import WeightFile
from tfdeepsim.errors import InputError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_MOST_AXES = 32

# What each of PyTorch's storage classes holds, as NumPy calls it; NumPy itself has no bfloat16.
_STORAGE_DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}


@dataclasses.dataclass(frozen=True)
class StorageType(Sealed):
    """The stand-in for a storage class of PyTorch.

    Attributes:
        dtype: A value of `_STORAGE_DTYPES`.
    """

    dtype: str


@dataclasses.dataclass(frozen=True)
class Storage(Sealed):
    """Numbers that lie elsewhere in the file, one after the other.

    Attributes:
        key: Name of the storage in the file.
        dtype: A value of `_STORAGE_DTYPES`.
        length: How many numbers there are.
    """

    key: str
    dtype: str
    length: int

    @property
    def numpy_dtype(self) -> np.dtype:
        """The dtype in which the bytes are read; bfloat16 comes as uint16."""
        return np.dtype("<u2" if self.dtype == "bfloat16" else self.dtype)


@dataclasses.dataclass(frozen=True)
class TensorView(Sealed):
    """A tensor as a view of a storage, checked to lie inside it and to be no larger than it.

    Attributes:
        storage: The storage that holds the tensor's numbers.
        offset: Index in the storage of the tensor's first number.
        size: Shape of the tensor.
        stride: Steps in the storage, in numbers, for one step along each axis.

    Raises:
        ValueError: If these are not whole numbers from 0, or the tensor reaches outside.
    """

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def __post_init__(self) -> None:
        rank = len(self.size)
        if {type(self.size), type(self.stride)} != {tuple} or rank > _MOST_AXES:
            raise ValueError("a tensor with a senseless shape")
        numbers = (self.offset, *self.size, *self.stride)
        if rank != len(self.stride) or not all(_is_count(number) for number in numbers):
            raise ValueError("a tensor with a senseless size, stride or offset")
        elements = math.prod(self.size)
        if not elements:
            return
        last = self.offset + sum(
            (size - 1) * step for size, step in zip(self.size, self.stride, strict=True)
        )
        if last >= self.storage.length or elements > self.storage.length:
            raise ValueError("a tensor that reaches outside its storage")


class _StateDict(dict):
    """A dictionary whose further attributes, such as PyTorch's `_metadata`, are left out."""

    def __setstate__(self, state: Any) -> None:
        pass


def _is_count(number: Any) -> bool:
    return type(number) is int and number >= 0


def _tensor(storage: Storage, offset: int, size: tuple, stride: tuple, *_: Any) -> TensorView:
    if not isinstance(storage, Storage):
        raise ValueError("a tensor without a storage")
    return TensorView(storage, offset, size, stride)


def _parameter(tensor: TensorView, *_: Any) -> TensorView:
    if not isinstance(tensor, TensorView):
        raise ValueError("a parameter that is no tensor")
    return tensor


def _ordered_dict(*pairs: list) -> dict:
    # Python 2 wrote a list of entries here. They are moved out of it: many dictionaries made of one
    # list could fill the memory.
    entries = _StateDict()
    for items in pairs:
        entries.update({key_text(key): value for key, value in items})
        items.clear()
    return entries


class _CheckpointUnpickler(RestrictedUnpickler):
    """Reads a pickle of `torch.save`, with a `TensorView` for every tensor.

    Attributes:
        storages: All storages that tensors refer to, by key.
    """

    rule = "a checkpoint holds tensors only"
    accepted = "a state_dict written by torch.save"
    more_opcodes = frozenset({"BINPERSID"})
    stand_ins: ClassVar = {
        ("collections", "OrderedDict"): StandIn(_ordered_dict),
        ("torch._utils", "_rebuild_tensor"): StandIn(_tensor),
        ("torch._utils", "_rebuild_tensor_v2"): StandIn(_tensor),
        ("torch._utils", "_rebuild_parameter"): StandIn(_parameter),
        ("torch._utils", "_rebuild_parameter_with_state"): StandIn(_parameter),
        **{("torch", name): StorageType(dtype) for name, dtype in _STORAGE_DTYPES.items()},
    }

    def __init__(self, file: IO[bytes]):
        super().__init__(file)
        self.storages: dict[str, Storage] = {}

    def persistent_load(self, pid: Any) -> Storage:
        """The storage that the pickle refers to; its numbers are not read here."""
        kind, storage_type, key, _device, length, *view = pid
        if (
            kind != "storage"
            or not isinstance(storage_type, StorageType)
            or type(key) is not str
            or not _is_count(length)
            or any(view)
        ):
            raise ValueError("a senseless storage")
        storage = Storage(key, storage_type.dtype, length)
        if self.storages.setdefault(key, storage) != storage:
            raise ValueError("a storage with two types or lengths")
        return storage


Read = Callable[[Storage], bytes]
"""Reads the bytes of a storage."""


def read_pytorch_file(path: str | os.PathLike, names: Collection[str] | None = None) -> WeightFile:
    """Read a `state_dict` that `torch.save` wrote, in the zip format (PyTorch 1.6 on) or the one
    before.

    A checkpoint that holds it under `state_dict` is unwrapped, and the prefix `module.` of
    `torch.nn.DataParallel` is taken off. Entries that are no tensors are left out.

    Args:
        path: The file.
        names: Names of the tensors to read; None for all.

    Returns:
        Those of the tensors that the file has, bfloat16 as float32.

    Raises:
        InputError: If there is no such file, it is damaged, it is no such checkpoint, or its pickle
            holds anything but tensors, text, numbers and containers.
    """
    if not os.path.isfile(path):
        raise InputError(
            "weights must be a file", got=f"no file {path}", accepted="the path of a .pth file"
        )
    rule, accepted = "a whole PyTorch checkpoint", _CheckpointUnpickler.accepted
    with as_input_error(path, rule, accepted), _opened(path) as (content, read):
        tensors = _state_dict(content)
        present = tensors if names is None else [name for name in names if name in tensors]
        return WeightFile({name: _array(tensors[name], read) for name in present})


@contextlib.contextmanager
def _opened(path: str | os.PathLike) -> Iterator[tuple[Any, Read]]:
    """The object in the file's pickle, and a function that reads the bytes of a storage."""
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
    content = _CheckpointUnpickler(io.BytesIO(read("data.pkl"))).load()
    return content, lambda storage: read(f"data/{storage.key}")


def _open_legacy(data: mmap.mmap) -> tuple[Any, Read]:
    """Five pickles (magic number, version, system, content, keys), then each storage after its
    length."""
    file = cast(IO[bytes], data)
    magic, version, system = (_CheckpointUnpickler(file).load() for _ in range(3))
    if (magic, version) != (_LEGACY_MAGIC, _LEGACY_PROTOCOL) or not system["little_endian"]:
        raise ValueError("not the magic number of torch.save")
    unpickler = _CheckpointUnpickler(file)
    content = unpickler.load()
    storages = unpickler.storages
    starts: dict[str, int] = {}
    keys = _CheckpointUnpickler(file).load()
    position = data.tell()
    for key in keys:
        if type(key) is not str:  # before it is hashed, which a nested tuple can make endless
            raise ValueError("a storage whose key is no text")
        (length,) = struct.unpack_from("<q", data, position)
        if length != storages[key].length:
            raise ValueError("a storage of another length than its tensors expect")
        starts[key] = position + 8
        position += 8 + length * storages[key].numpy_dtype.itemsize
    if position > len(data):
        raise EOFError("the file is cut off")

    def read(storage: Storage) -> bytes:
        start = starts[storage.key]
        return data[start : start + storage.length * storage.numpy_dtype.itemsize]

    return content, read


def _state_dict(content: Any) -> dict[str, TensorView]:
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    entries = content.items() if isinstance(content, dict) else ()
    tensors = {key_text(key): value for key, value in entries if isinstance(value, TensorView)}
    if not tensors:
        raise ValueError("no tensors by name")
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    return tensors


def _array(tensor: TensorView, read: Read) -> np.ndarray:
    dtype = tensor.storage.numpy_dtype
    data = read(tensor.storage)
    if len(data) != tensor.storage.length * dtype.itemsize:
        raise EOFError("a storage is cut off")
    strides = [step * dtype.itemsize for step in tensor.stride]
    array = np.ndarray(tensor.size, dtype, data, tensor.offset * dtype.itemsize, strides)
    if tensor.storage.dtype == "bfloat16":
        # bfloat16 is the upper half of a float32.
        array = (array.astype("<u4") << 16).view("<f4")
    return array
