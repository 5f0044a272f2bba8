"""Reads a pickle as data: nothing in it is imported or called."""

import pickletools
from collections.abc import Callable, Mapping
from typing import IO, Any

from tfdeepsim.errors import InputError

_LITERALS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}


class Named:
    """What stands for a class or function that the pickle names."""

    def __init__(self, name: str):
        self.name = name


def checked_key(key: Any) -> Any:
    """The key of an entry, if it is a word or number.

    Raises:
        ValueError: If it is anything else: a tuple of tuples of the same tuple takes forever to
            hash.
    """
    if type(key) not in (str, int, float, bool, bytes):
        raise ValueError("a dictionary with keys other than words and numbers")
    return key


class Machine:
    """The stack, the marks on it and the memo of a pickle; one method an opcode.

    `pickletools` only splits the bytes into opcodes. Those that writers of arrays need are
    interpreted here, and the few names that they need are mapped to functions of this package, so
    no name in the file is ever looked up.

    Args:
        calls: What is done when a name in the file is called.
        types: Further names that the file may hold, but not call.
        holds: What the file holds, for errors, e.g. `a checkpoint holds tensors only`.
        accepted: What would be accepted, for errors.
    """

    def __init__(
        self, calls: Mapping[str, Callable[..., Any]], types: set[str], *, holds: str, accepted: str
    ) -> None:
        self.calls = calls
        self.names = {*calls, *types}
        self.holds = holds
        self.accepted = accepted
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self, file: IO[bytes]) -> Any:
        """Interpret one pickle, from where `file` stands, and leave `file` behind its end.

        Raises:
            InputError: If it names anything else, or uses another opcode.
            ValueError, LookupError, TypeError: If it is not a well-formed pickle.
        """
        for opcode, argument, _ in pickletools.genops(file):
            if opcode.name == "STOP":
                break
            if opcode.name in _LITERALS:
                self.stack.append(argument)
                continue
            step = getattr(self, f"op_{opcode.name.lower()}", None)
            if step is None:
                raise self.refusal(f"pickle opcode {opcode.name}")
            step() if opcode.arg is None else step(argument)
        return self.stack.pop()

    def refusal(self, got: str) -> InputError:
        return InputError(self.holds, got=got, accepted=self.accepted)

    def build(self, value: Any, state: Any) -> None:
        """Give `value` its state; here it has none that is needed."""

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
            self.stack[-1][checked_key(key)] = value

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
        # Only words: a list that holds the same list many times over takes forever to write out.
        if type(name) is not str or type(module) is not str:
            raise ValueError("a name that is no word")
        self.push_name(f"{module}.{name}")

    def push_name(self, name: str) -> None:
        if name not in self.names:
            raise self.refusal(f"one that refers to {name[:100]!a} (nothing was run)")
        self.stack.append(Named(name))

    def op_reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        self.stack.append(self.calls[function.name](*arguments))

    def op_build(self) -> None:
        state = self.stack.pop()
        self.build(self.stack[-1], state)
