"""Reads the pickle inside a `.npy` file of objects as data: nothing in it is imported or called."""

import dataclasses
import math
import re
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from tfdeepsim.comparators.weights.formats.pickle_opcodes import Machine


@dataclasses.dataclass
class PickledDtype:
    """A number format.

    Attributes:
        code: Its kind and bytes, e.g. `f4`; `O8` of an array of objects.
        order: `<` or `>`, or `|` or `=` for none and this machine's.
    """

    code: str
    order: str = "="


@dataclasses.dataclass
class PickledArray:
    """An array whose bytes were read, and not looked at yet.

    Attributes:
        shape: Its shape.
        dtype: Of its numbers.
        fortran: Whether its first axis varies fastest.
        data: Its bytes, as a word of one letter a byte where the pickle has such; a list of
            objects.
    """

    shape: Any = ()
    dtype: Any = None
    fortran: Any = False
    data: Any = None

    def numbers(self) -> np.ndarray:
        """The array, read-only.

        Raises:
            ValueError: If it holds no numbers, or not as many as its shape has.
        """
        if not isinstance(self.dtype, PickledDtype) or not re.fullmatch(
            "[fiu][1248]|b1", self.dtype.code
        ):
            raise ValueError("an array of something else than numbers")
        if type(self.shape) is not tuple or not all(
            type(side) is int and side >= 0 for side in self.shape
        ):
            raise ValueError("an array with a senseless shape")
        dtype = np.dtype(self.dtype.order + self.dtype.code)
        data = self._bytes()
        if math.prod(self.shape[:32]) * dtype.itemsize != len(data):
            raise ValueError("an array with more or fewer numbers than its shape has")
        array = np.ndarray(self.shape, dtype, data, order="F" if self.fortran else "C")
        array.flags.writeable = False
        return array

    def _bytes(self) -> bytes | bytearray:
        if type(self.data) is str:
            return self.data.encode("latin-1")
        if isinstance(self.data, bytes | bytearray):
            return self.data
        raise ValueError("an array of something else than bytes")


def _reconstruct(*_: Any) -> PickledArray:
    return PickledArray()


def _from_buffer(buffer: Any, dtype: Any, shape: Any, order: Any) -> PickledArray:
    return PickledArray(shape, dtype, order == "F", buffer)


def _dtype(code: Any, *_: Any) -> PickledDtype:
    return PickledDtype(_word(code))


def _encode(word: Any, *_: Any) -> str:
    # How protocol 2 of Python 3 stores bytes. They stay a word: copies of one word could fill the
    # memory.
    return _word(word)


def _word(value: Any) -> str:
    if type(value) is not str:
        raise ValueError("something else where a word stands")
    return value


_CALLS: dict[str, Callable[..., Any]] = {"numpy.dtype": _dtype, "_codecs.encode": _encode}
# NumPy renamed its core from version 1 to 2.
for _core in ("numpy.core", "numpy._core"):
    _CALLS[f"{_core}.multiarray._reconstruct"] = _reconstruct
    _CALLS[f"{_core}.numeric._frombuffer"] = _from_buffer


class _NumpyMachine(Machine):
    def __init__(self) -> None:
        super().__init__(
            _CALLS,
            {"numpy.ndarray"},
            holds="a .npy file of weights holds arrays only",
            accepted="a dictionary of layers written by numpy.save",
        )

    def build(self, value: Any, state: Any) -> None:
        if isinstance(value, PickledDtype):
            value.order = _word(state[1])
        elif isinstance(value, PickledArray):
            _, value.shape, value.dtype, value.fortran, value.data = state
        else:
            raise ValueError("attributes of something that has none")


def interpret(file: IO[bytes]) -> Any:
    """Interpret one pickle, with a `PickledArray` for every array.

    Raises:
        InputError: If it holds anything that NumPy does not write for arrays.
        ValueError, LookupError, TypeError: If it is not a well-formed pickle.
    """
    return _NumpyMachine().run(file)
