"""Reads the pickle inside a PyTorch checkpoint as data: nothing in it is imported or called."""

import dataclasses
import math
from collections.abc import Callable
from typing import IO, Any

from tfdeepsim.comparators.weights.formats.pickle_opcodes import Machine, checked_key

STORAGE_DTYPES = {
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
"""NumPy's name of what each of `torch`'s storage classes holds; NumPy itself has no bfloat16."""


@dataclasses.dataclass(frozen=True)
class Storage:
    """A run of numbers that lies elsewhere in the file.

    Attributes:
        key: Its name in the file.
        dtype: A value of `STORAGE_DTYPES`.
        length: How many numbers.
    """

    key: str
    dtype: str
    length: int


@dataclasses.dataclass(frozen=True)
class TensorView:
    """A tensor as a view of a storage, checked to lie inside it and to be no larger than it.

    Attributes:
        storage: Where its numbers lie.
        offset: Index of its first number.
        size: Its shape.
        stride: Steps in the storage, in numbers, for one step along each axis.
    """

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def __post_init__(self) -> None:
        rank = len(self.size)
        if {type(self.size), type(self.stride)} != {tuple} or rank > 32 or rank != len(self.stride):
            raise ValueError("a tensor with a senseless shape")
        if not all(
            type(number) is int and number >= 0
            for number in (self.offset, *self.size, *self.stride)
        ):
            raise ValueError("a tensor with a senseless size, stride or offset")
        elements = math.prod(self.size)
        if not elements:
            return
        last = self.offset + sum(
            (size - 1) * step for size, step in zip(self.size, self.stride, strict=True)
        )
        if last >= self.storage.length or elements > self.storage.length:
            raise ValueError("a tensor that reaches outside its storage")


def _tensor(storage: Storage, offset: int, size: tuple, stride: tuple, *_: Any) -> TensorView:
    if not isinstance(storage, Storage):
        raise ValueError("a tensor without a storage")
    return TensorView(storage, offset, size, stride)


def _parameter(tensor: TensorView, *_: Any) -> TensorView:
    return tensor


def _ordered_dict(*pairs: list) -> dict:
    # As Python 2 wrote it, with a list of its entries. They are moved, since copies of one list of
    # entries could fill the memory.
    entries = {}
    for items in pairs:
        entries.update({checked_key(key): value for key, value in items})
        items.clear()
    return entries


_CALLS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _ordered_dict,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
}


class _TorchMachine(Machine):
    def __init__(self) -> None:
        super().__init__(
            _CALLS,
            {f"torch.{name}" for name in STORAGE_DTYPES},
            holds="a checkpoint holds tensors only",
            accepted="a state_dict written by torch.save",
        )
        self.storages: dict[str, Storage] = {}

    def op_binpersid(self) -> None:
        kind, storage_type, key, _, length, *view = self.stack.pop()
        dtype = STORAGE_DTYPES[storage_type.name.removeprefix("torch.")]
        storage = Storage(key, dtype, length)
        if (
            kind != "storage"
            or type(key) is not str
            or type(length) is not int
            or length < 0
            or any(view)
        ):
            raise ValueError("a senseless storage")
        if self.storages.setdefault(key, storage) != storage:
            raise ValueError("a storage with two types or lengths")
        self.stack.append(storage)


def interpret(file: IO[bytes]) -> tuple[Any, dict[str, Storage]]:
    """Interpret one pickle, from where `file` stands, and leave `file` behind its end.

    Returns:
        the object, with a `TensorView` for every tensor, and the storages by key.

    Raises:
        InputError: If it holds anything that `torch.save` does not write for tensors.
        ValueError, LookupError, TypeError: If it is not a well-formed pickle.
    """
    machine = _TorchMachine()
    return machine.run(file), machine.storages
