"""The flags that say what is asked of a dataset: the same for every command. Imports nothing
heavy."""

import argparse
import dataclasses
from typing import Protocol

from tfdeepsim.options import CHOICES, DataOptions, flag


class Arguments(Protocol):
    """A parser, or a group of one."""

    def add_argument(self, *args, **kwargs) -> argparse.Action:
        """Define one argument."""


def add_data_flags(parser: Arguments) -> None:
    """Add a flag for each field of `DataOptions` but the dataset's name.

    A flag that is not given leaves no trace in the parsed arguments, so that defaults stay in one
    place.

    Args:
        parser: A parser, or a group of one.
    """

    def add(name: str, metavar: str, help: str, **kwargs) -> None:
        parser.add_argument(
            flag(name), dest=name, metavar=metavar, default=argparse.SUPPRESS, help=help, **kwargs
        )

    add("data_dir", "DIR", "where datasets are kept (default: that of tfds)")
    add("cache", "WHERE", "decoded images: " + _choice("cache"))
    add("image_size", "N", "height and width in pixels (default: the dataset's)", type=int)
    add("resize", "HOW", _choice("resize"))
    add("crop", "HOW", _choice("crop"))
    add("shorter_side", "N", "pixels of the shorter side before a centre crop", type=int)
    add("labels", "FILE", "CSV with labels of image files: file,NAME[,NAME...]")
    add("probe_classes", "NAMES", "classes whose labels are used, e.g. cat,dog (default: all)")
    add("split", "SHARES", "train/validation/test in percent (default: 70/10/20)")
    add("split_seed", "N", "of the splits (default: 0)", type=int)
    add("max_bad", "X", "largest share of unreadable image files (default: 0.05)", type=float)


def _choice(name: str) -> str:
    default = {field.name: field.default for field in dataclasses.fields(DataOptions)}[name]
    return f"{' | '.join(CHOICES[name])} (default: {default})"
