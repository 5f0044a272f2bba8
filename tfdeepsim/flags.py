"""Flags of a command from the fields of a settings class: one text describes both.

The help of a flag is the description of its field in the `Attributes:` section of the class, to
which the accepted values and the default are added.
"""

import argparse
import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from tfdeepsim.options import CHOICES, DataOptions, flag


class Arguments(Protocol):
    """An argument parser, or an argument group."""

    def add_argument(self, *args: Any, **kwargs: Any) -> argparse.Action:
        """Define one argument."""


def add_flags(
    parser: Arguments,
    settings: type,
    names: Iterable[str] | None = None,
    *,
    metavars: Mapping[str, str] | None = None,
    choices: Mapping[str, Collection[str]] | None = None,
    accepted: Mapping[str, str] | None = None,
    spellings: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    defaults: bool = True,
) -> None:
    """Add a flag for each field of a settings class.

    A flag that is not given leaves no trace in the parsed arguments, so that the class alone holds
    the defaults.

    Args:
        parser: Parser or group that the flags are added to.
        settings: Dataclass whose docstring describes its fields under `Attributes:`.
        names: Fields to add, in this order; None for all.
        metavars: Placeholder of a value in the help, by field; by default X for numbers, N for
            integers, and NAME.
        choices: Values that a field accepts, by field; shown in place of a placeholder. The class
            refuses others.
        accepted: Words behind the description of a field that say what it accepts, by field.
        spellings: The flag, by field, e.g. `--opt-steps`; by default the name of the field. The
            parsed argument is named after it.
        aliases: Second spelling of a flag, by field.
        defaults: Whether the help says what the defaults are.

    Example:
        >>> add_flags(parser.add_argument_group("data"), DataOptions, ["split", "split_seed"])
    """
    metavars, choices, accepted = metavars or {}, choices or {}, accepted or {}
    spellings, aliases = spellings or {}, aliases or {}
    texts = field_texts(settings)
    hints = typing.get_type_hints(settings)
    fields = {field.name: field for field in dataclasses.fields(settings)}
    for name in fields if names is None else names:
        option = spellings.get(name, flag(name))
        strings = [option, aliases[name]] if name in aliases else [option]
        text = _help(texts.get(name, ""), accepted.get(name), fields[name].default, defaults)
        dest = option.removeprefix("--").replace("-", "_")
        options: dict[str, Any] = {"dest": dest, "default": argparse.SUPPRESS, "help": text}
        kind = _value_type(hints[name])
        if kind is bool:
            parser.add_argument(*strings, action="store_true", **options)
            continue
        shown = {int: "N", float: "X"}.get(kind, "NAME")
        if name in choices:
            shown = "{" + ",".join(choices[name]) + "}"
        parser.add_argument(*strings, type=kind, metavar=metavars.get(name, shown), **options)


def add_data_flags(parser: Arguments, defaults: bool = True) -> None:
    """Add a flag for each field of `DataOptions` but the name of the dataset; arguments as of
    `add_flags`."""
    names = [field.name for field in dataclasses.fields(DataOptions) if field.name != "dataset"]
    metavars = {"data_dir": "DIR", "labels": "FILE", "probe_classes": "NAMES", "split": "SHARES"}
    add_flags(parser, DataOptions, names, metavars=metavars, choices=CHOICES, defaults=defaults)


def field_texts(settings: type) -> dict[str, str]:
    """The description of each field of a class, as plain text of one line.

    Args:
        settings: Class; the descriptions are in the `Attributes:` section of its docstring and of
            those of its parents.
    """
    texts: dict[str, str] = {}
    for parent in reversed(settings.__mro__):
        name = ""
        _, _, section = inspect.cleandoc(parent.__doc__ or "").partition("Attributes:\n")
        for line in section.split("\n"):
            if line and not line.startswith(" "):
                break
            if entry := re.match(r" {4}(\w+): (.*)", line):
                name, texts[entry[1]] = entry[1], entry[2]
            elif name and line:
                texts[name] += " " + line.strip()
    return {name: text.replace("`", "") for name, text in texts.items()}


def _help(text: str, accepted: str | None, default: object, defaults: bool) -> str:
    """`text` as argparse takes it: without its last full stop, with what is accepted and with the
    default."""
    body, _, named_default = text.removesuffix(".").partition(" (default: ")
    if accepted:
        body += f"; {accepted}"
    if named_default:
        shown = named_default.removesuffix(")")
    elif default is None or isinstance(default, bool):
        shown = ""
    else:
        shown = f"{default:g}" if isinstance(default, float) else str(default)
        if isinstance(default, tuple):
            shown = ",".join(default)
    if shown and defaults:
        body += f" (default: {shown})"
    return body.replace("%", "%%")


def _value_type(hint: Any) -> type:
    """The type that a text on the command line is converted to."""
    if isinstance(hint, types.UnionType):
        (hint,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
    return hint if hint in (bool, int, float) else str
