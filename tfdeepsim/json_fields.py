"""Types of the fields in JSON files, which may have been edited or damaged."""

import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from tfdeepsim.errors import InputError


def check_fields(values: Mapping[str, Any], kinds: Mapping[str, Any], file: str) -> None:
    """Refuse a value of another type than its field has.

    Args:
        values: Fields of a JSON object; those that are in `kinds` are checked.
        kinds: Type of each field: `int`, `float` (which whole numbers are too), `str`, `bool`,
            `dict`, `list[int]`, `None`, a `Literal`, or a union of these.
        file: Name of the file, for the error.

    Raises:
        InputError: If a value has another type.

    Example:
        >>> check_fields({"epochs": "x"}, {"epochs": int}, "config.json")
        Traceback (most recent call last):
        tfdeepsim.errors.InputError: epochs in config.json has another type: got 'x'; accepted: int
    """
    for name, kind in kinds.items():
        if name in values and not _is_of(values[name], kind):
            raise InputError(
                f"{name} in {file} has another type",
                got=f"{values[name]!r}"[:100],
                accepted=_name(kind),
            )


def _is_of(value: Any, kind: Any) -> bool:
    if kind in (None, types.NoneType):
        return value is None
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return any(_is_of(value, one) for one in typing.get_args(kind))
    if typing.get_origin(kind) is Literal:
        return isinstance(value, str) and value in typing.get_args(kind)
    if typing.get_origin(kind) is list:
        return isinstance(value, list) and all(_is_of(v, typing.get_args(kind)[0]) for v in value)
    if kind is float:
        return type(value) in (int, float)
    return type(value) is kind


def _name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")
