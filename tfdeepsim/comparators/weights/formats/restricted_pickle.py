"""Reads the pickles in weights files without running anything that they name.

`pickle.Unpickler` by itself imports and calls whatever a pickle names, and a few bytes can make it
take all memory. `RestrictedUnpickler` prevents both:

- `find_class` imports nothing. It returns this package's own stand-ins for the few names that
  writers of arrays use, and refuses every other name. No stand-in creates anything larger than its
  arguments, and no pickle can set attributes of one.
- `pickletools` reads all opcodes before the first one is carried out (`_check_opcodes`). Only those
  that writers of arrays use are accepted. A length that exceeds the file is refused here, because
  the Unpickler would reserve that much memory before it notices. So is a large index of the memo,
  because the Unpickler's memo is an array as long as its largest index: six bytes can take 64 GB.
- Tuples are refused as keys of dictionaries: hashing a tuple that holds the same tuple twice, and
  that one another tuple twice, and so on, does not end; hashing a deeply nested one overflows the
  stack.

The memory that is left to a pickle is proportional to its length: one byte creates an empty list or
dictionary of about 80 bytes, or one more reference to an object that exists. Sizes of tensors are
checked against the file before memory is taken for them.
"""

import pickle
import pickletools
from collections.abc import Callable, Mapping
from typing import IO, Any, ClassVar

from tfdeepsim.errors import InputError

_LITERALS = {
    *("NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_CONTAINERS = {
    *("MARK", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
    *("EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_DICT", "SETITEM", "SETITEMS"),
}
_PUTS = {"BINPUT", "LONG_BINPUT", "MEMOIZE"}
_GETS = {"BINGET", "LONG_BINGET"}
_CALLS = {"GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"}
_OPCODES = {"PROTO", "FRAME", "STOP"} | _LITERALS | _CONTAINERS | _PUTS | _GETS | _CALLS

_SMALL_INDEX = 255
"""Largest index of the memo that is accepted in a pickle of any length: that of `BINPUT`."""


class Sealed:
    """An object of a pickle whose attributes the pickle cannot set."""

    def __setstate__(self, state: Any) -> None:
        raise ValueError("attributes of an object that has none")


class StandIn(Sealed):
    """An object in place of a class or function that a pickle names.

    Args:
        call: Function that is called instead; None if the pickle may name the class but not call
            it. It must not create anything larger than its arguments.
    """

    def __init__(self, call: Callable[..., Any] | None = None):
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        if self._call is None:
            raise ValueError("a call of something that is only named")
        return self._call(*arguments)


class RestrictedUnpickler(pickle.Unpickler):
    """Reads one pickle, from where a file stands, and leaves the file behind the pickle's end.

    Args:
        file: A binary file that can seek.

    Attributes:
        stand_ins: Objects in place of the classes and functions that the pickle may name, by
            (module, name).
        more_opcodes: Opcodes that the format needs beside the common ones.
        rule: What the file holds, for errors, e.g. `a checkpoint holds tensors only`.
        accepted: What would be accepted, for errors.
    """

    stand_ins: ClassVar[Mapping[tuple[str, str], Any]]
    more_opcodes: ClassVar[frozenset[str]] = frozenset()
    rule: ClassVar[str]
    accepted: ClassVar[str]

    def __init__(self, file: IO[bytes]):
        # Python 2 had one type for text and bytes; in Latin-1 each letter is one byte.
        super().__init__(file, encoding="latin1")
        self._file = file

    def load(self) -> Any:
        """The object in the pickle.

        Raises:
            InputError: If the pickle names anything else, or uses another opcode.
            pickle.UnpicklingError, ValueError, LookupError, TypeError, AttributeError, EOFError: If
                it is not a well-formed pickle.
        """
        start = self._file.tell()
        self._check_opcodes()
        self._file.seek(start)
        return super().load()

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.stand_ins:
            full_name = f"{module[:50]}.{name[:50]}"
            raise self._refusal(f"one that refers to {full_name!a} (nothing was run)")
        return self.stand_ins[module, name]

    def _check_opcodes(self) -> None:
        """Read the pickle's opcodes up to its end without carrying them out.

        The stack is followed as far as it is needed to tell which keys are tuples.

        Raises:
            InputError: If there is an opcode that writers of arrays do not use.
            ValueError, LookupError: If the pickle is cut off, its memo is mostly empty, or a key
                is a tuple.
        """
        stack: list[pickletools.StackObject] = []
        marks: list[int] = []
        memo: dict[int, pickletools.StackObject] = {}
        accepted = _OPCODES | self.more_opcodes
        for opcode, argument, position in pickletools.genops(self._file):
            if opcode.name not in accepted:
                raise self._refusal(f"pickle opcode {opcode.name} (nothing was run)")
            if opcode.name == "GLOBAL":
                # A name tells more than the opcodes that follow it.
                self.find_class(*str(argument).split(" ", 1))
            if opcode.name in _PUTS:
                index = len(memo) if argument is None else int(argument)
                if index > max(position or 0, _SMALL_INDEX):
                    raise ValueError("a memo with more places than the pickle has bytes")
                memo[index] = stack[-1]
            elif opcode.name in _GETS:
                stack.append(memo[int(argument or 0)])
            elif opcode.name == "MARK":
                marks.append(len(stack))
            elif opcode.name == "BUILD":
                stack.pop()
            else:
                taken = _taken(opcode, stack, marks)
                if opcode.name in ("SETITEM", "SETITEMS") and pickletools.pytuple in taken[1::2]:
                    raise ValueError("a dictionary with a tuple as a key")
                stack += opcode.stack_after

    def _refusal(self, got: str) -> InputError:
        return InputError(self.rule, got=got, accepted=self.accepted)


def _taken(
    opcode: pickletools.OpcodeInfo, stack: list[pickletools.StackObject], marks: list[int]
) -> list[pickletools.StackObject]:
    """Takes from the stack what an opcode takes, down to the last mark if it takes that."""
    before = opcode.stack_before
    if pickletools.markobject in before:
        start = marks.pop() - before.index(pickletools.markobject)
    else:
        start = len(stack) - len(before)
    if start < 0:
        raise IndexError("an opcode that takes more than there is")
    taken = stack[start:]
    del stack[start:]
    return taken


def key_text(key: Any) -> str:
    """The key of an entry as text.

    Raises:
        ValueError: If the key is neither text nor a number.
    """
    if type(key) is bytes:
        return key.decode("latin-1")
    if type(key) not in (str, int, float, bool):
        raise ValueError("a dictionary with keys other than text and numbers")
    return str(key)
