"""Datasets by name. Imports nothing heavy until a dataset is opened.

A name is a kind and, after `:` or `/`, what selects a dataset of that kind: `llv2/paper`,
`folder:photos`. Each kind is a module with the functions `check(rest)`, `describe(rest, data_dir,
options)` and `open_dataset(rest, data_dir, options)`, where `rest` is what follows the `:` or `/`.
"""

from __future__ import annotations

import importlib
import os
import re
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

if TYPE_CHECKING:
    from tfdeepsim.data.dataset import Dataset, Description


class Kind(NamedTuple):
    """A kind of datasets.

    Attributes:
        spelling: How the names of its datasets are spelled, for messages.
        separators: What may stand between the kind and the rest of a name.
        module: Module that describes and opens its datasets.

    Example:
        >>> KINDS["folder"].spelling
        'folder:PATH'
    """

    spelling: str
    separators: tuple[str, ...]
    module: str


KINDS = {
    "llv2": Kind("llv2, llv2/SIZE", ("", "/"), "tfdeepsim.data.llv2.dataset"),
    "stl10": Kind("stl10", ("",), "tfdeepsim.data.stl10"),
    "svhn": Kind("svhn", ("",), "tfdeepsim.data.svhn"),
    "imagenet": Kind("imagenet", ("",), "tfdeepsim.data.imagenet"),
    "folder": Kind("folder:PATH", (":",), "tfdeepsim.data.images.folder"),
    "zip": Kind("zip:FILE", (":",), "tfdeepsim.data.images.archive"),
    "npz": Kind("npz:FILE", (":",), "tfdeepsim.data.npz"),
    "shards": Kind("shards:GLOB", (":",), "tfdeepsim.data.shards.dataset"),
    "tfds": Kind("tfds:NAME", (":",), "tfdeepsim.data.tfds.kind"),
}


def check_name(name: str) -> None:
    """Check that `name` spells a dataset, without looking at any file.

    Raises:
        InputError: If it does not.
    """
    kind, rest = _parse(name)
    kind.check(rest)


def describe(
    name: str, data_dir: str | os.PathLike | None = None, options: DataOptions | None = None
) -> Description:
    """What is known of a dataset without creating or decoding it.

    Args:
        name: Name as the command line spells it, e.g. `llv2/paper` or `folder:photos`.
        data_dir: Folder that all datasets are kept in; by default `TFDS_DATA_DIR` or
            `~/tensorflow_datasets`.
        options: Size, labels and splits; its fields `dataset` and `data_dir` are not used.

    Raises:
        InputError: If `name` spells no dataset, or its files exist but are damaged.

    Example:
        >>> describe("llv2").image_shape
        (64, 64, 3)
    """
    kind, rest = _parse(name)
    return kind.describe(rest, data_dir, options or DataOptions())


def open_dataset(
    name: str, data_dir: str | os.PathLike | None = None, options: DataOptions | None = None
) -> Dataset:
    """Open a dataset; simulate or download it first if it does not exist.

    Args:
        name: Name as the command line spells it, e.g. `llv2/paper` or `folder:photos`.
        data_dir: Folder that all datasets are kept in; by default `TFDS_DATA_DIR` or
            `~/tensorflow_datasets`.
        options: Size, labels and splits; its fields `dataset` and `data_dir` are not used.

    Raises:
        InputError: If `name` spells no dataset, its files are damaged, or it cannot be simulated or
            downloaded.

    Example:
        >>> open_dataset("llv2/quickstart").splits["test"]
        7500
    """
    kind, rest = _parse(name)
    options = options or DataOptions()
    dataset = kind.open_dataset(rest, data_dir, options)
    if options.probe_classes is not None:
        dataset.use_classes(options.probe_classes)
    return dataset


def _parse(name: str) -> tuple[ModuleType, str]:
    """The module of the kind, and what follows the kind in `name`."""
    key = re.split("[:/]", name, maxsplit=1)[0]
    separator, rest = name[len(key) : len(key) + 1], name[len(key) + 1 :]
    kind = KINDS.get(key)
    if kind is None or separator not in kind.separators or (separator and not rest):
        raise InputError(
            "dataset must be known",
            got=repr(name),
            accepted=", ".join(kind.spelling for kind in KINDS.values()),
        )
    return importlib.import_module(kind.module), rest
