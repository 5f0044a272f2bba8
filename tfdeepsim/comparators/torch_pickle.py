"""Reads the pickle inside a PyTorch checkpoint as data: nothing in it is imported or called."""

import dataclasses
import math
import pickletools
from collections.abc import Callable
from typing import IO, Any

from tfdeepsim.errors import InputError

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
        if not all(type(number) is int and number >= 0 for number in (self.offset, *self.size, *self.stride)):
            raise ValueError("a tensor with a senseless size, stride or offset")
        elements = math.prod(self.size)
        if not elements:
            return
        last = self.offset + sum((size - 1) * step for size, step in zip(self.size, self.stride, strict=True))
        if last >= self.storage.length or elements > self.storage.length:
            raise ValueError("a tensor that reaches outside its storage")


@dataclasses.dataclass(frozen=True)
class _Name:
    """What stands for a class or function that the pickle names."""

    name: str


def _tensor(storage: Storage, offset: int, size: tuple, stride: tuple, *_: Any) -> TensorView:
    if not isinstance(storage, Storage):
        raise ValueError("a tensor without a storage")
    return TensorView(storage, offset, size, stride)


def _parameter(tensor: TensorView, *_: Any) -> TensorView:
    return tensor


def _ordered_dict(*pairs: list) -> dict:
    # As Python 2 wrote it, with a list of its entries. They are moved, since copies of one list of entries
    # could fill the memory.
    entries = {}
    for items in pairs:
        entries.update({_key(key): value for key, value in items})
        items.clear()
    return entries


def _key(key: Any) -> Any:
    # A tuple of tuples of the same tuple takes forever to hash.
    if type(key) not in (str, int, float, bool):
        raise ValueError("a dictionary with keys other than words and numbers")
    return key


_CALLS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _ordered_dict,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
}

_NAMES = {*_CALLS, *(f"torch.{name}" for name in STORAGE_DTYPES)}


def interpret(file: IO[bytes]) -> tuple[Any, dict[str, Storage]]:
    """Interpret one pickle, from where `file` stands, and leave `file` behind its end.

    `pickletools` only splits the bytes into opcodes. Those that `torch.save` writes are interpreted here, and
    the few names that it needs are mapped to functions of this module, so no name in the file is ever
    looked up.

    Returns:
        the object, with a `TensorView` for every tensor, and the storages by key.

    Raises:
        InputError: If it names anything else, or uses another opcode.
        ValueError, LookupError, TypeError: If it is not a well-formed pickle.
    """
    machine = _Machine()
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name == "STOP":
            break
        if opcode.name in _LITERALS:
            machine.stack.append(argument)
            continue
        run = getattr(machine, f"op_{opcode.name.lower()}", None)
        if run is None:
            raise InputError(
                "a checkpoint holds tensors only",
                got=f"pickle opcode {opcode.name}",
                accepted="a state_dict written by torch.save",
            )
        run() if opcode.arg is None else run(argument)
    return machine.stack.pop(), machine.storages


_LITERALS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING"),
}


class _Machine:
    """The stack, the marks on it and the memo of a pickle; one method an opcode."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def op_proto(self, version: int) -> None:
        pass

    def op_frame(self, length: int) -> None:
        pass

    def op_mark(self) -> None:
        self.marks.append(len(self.stack))

    def op_none(self) -> None:
        self.stack.append(None)

    def op_newtrue(self) -> None:
        self.stack.append(True)

    def op_newfalse(self) -> None:
        self.stack.append(False)

    def op_empty_dict(self) -> None:
        self.stack.append({})

    def op_empty_list(self) -> None:
        self.stack.append([])

    def op_empty_tuple(self) -> None:
        self.stack.append(())

    def op_tuple(self) -> None:
        self.stack.append(tuple(self.since_mark()))

    def op_tuple1(self) -> None:
        self.stack[-1:] = [(self.stack[-1],)]

    def op_tuple2(self) -> None:
        self.stack[-2:] = [(self.stack[-2], self.stack[-1])]

    def op_tuple3(self) -> None:
        self.stack[-3:] = [(self.stack[-3], self.stack[-2], self.stack[-1])]

    def op_append(self) -> None:
        self.marks.append(len(self.stack) - 1)
        self.op_appends()

    def op_appends(self) -> None:
        items = self.since_mark()
        if type(self.stack[-1]) is not list:
            raise ValueError("an item for something that is no list")
        self.stack[-1].extend(items)

    def op_setitem(self) -> None:
        self.marks.append(len(self.stack) - 2)
        self.op_setitems()

    def op_setitems(self) -> None:
        items = self.since_mark()
        if type(self.stack[-1]) is not dict:
            raise ValueError("an entry for something that is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            self.stack[-1][_key(key)] = value

    def op_binput(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    op_long_binput = op_binput

    def op_memoize(self) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def op_binget(self, index: int) -> None:
        self.stack.append(self.memo[index])

    op_long_binget = op_binget

    def op_global(self, name: str) -> None:
        self.push_name(name.replace(" ", "."))

    def op_stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.push_name(f"{module}.{name}")

    def push_name(self, name: str) -> None:
        if name not in _NAMES:
            raise InputError(
                "a checkpoint holds tensors only",
                got=f"one that refers to {name[:100]!a} (nothing was run)",
                accepted="a state_dict written by torch.save",
            )
        self.stack.append(_Name(name))

    def op_reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        self.stack.append(_CALLS[function.name](*arguments))

    def op_build(self) -> None:
        # The attributes of an OrderedDict (`_metadata`) or of a parameter: nothing that is needed.
        self.stack.pop()

    def op_binpersid(self) -> None:
        kind, storage_type, key, _, length, *view = self.stack.pop()
        dtype = STORAGE_DTYPES[storage_type.name.removeprefix("torch.")]
        storage = Storage(key, dtype, length)
        if kind != "storage" or type(key) is not str or type(length) is not int or length < 0 or any(view):
            raise ValueError("a senseless storage")
        if self.storages.setdefault(key, storage) != storage:
            raise ValueError("a storage with two types or lengths")
        self.stack.append(storage)
