"""The command `python -m tfdeepsim.data`: what a dataset holds, and its images as shards."""

import argparse
import dataclasses
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfdeepsim.command_line import DISK_FULL, Parser, import_tensorflow, run_command
from tfdeepsim.data import KINDS, check_name, describe, open_dataset
from tfdeepsim.errors import InputError
from tfdeepsim.files import home_path, replacing, slug
from tfdeepsim.flags import add_data_flags
from tfdeepsim.options import DataOptions

if TYPE_CHECKING:
    from tfdeepsim.data.dataset import Dataset, Splits

_DESCRIPTION = """\
Print what a dataset holds: sizes, splits, labels, skipped files, checksum.
Write a contact sheet, a picture of some of its images.
Or write its images to a few large files, for `--dataset shards:GLOB`."""

_EXAMPLES = """\
datasets:
  {spellings}

examples:
  python -m tfdeepsim.data folder:photos --contact-sheet photos.png
  python -m tfdeepsim.data svhn --data-dir downloads --resize tile
  python -m tfdeepsim.data folder:photos --to-shards /data/photos"""

_ANNOUNCED_FROM = 10
"""Seconds of waiting from which the user is told beforehand."""


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    spellings = "\n  ".join(kind.spelling for kind in KINDS.values())
    parser = Parser(
        prog="python -m tfdeepsim.data",
        description=_DESCRIPTION,
        epilog=_EXAMPLES.format(spellings=spellings),
    )
    parser.add_argument("dataset", metavar="DATASET", help="for example llv2, stl10 or folder:PATH")
    sheet = parser.add_argument_group("contact sheet")
    sheet.add_argument(
        "--contact-sheet",
        metavar="FILE",
        type=Path,
        help="PNG to write (default: a file beside the cached images of the dataset, which is "
        "replaced)",
    )
    sheet.add_argument(
        "--overwrite",
        action="store_true",
        help="replace FILE, or the shards in FOLDER, if they exist",
    )
    parser.add_argument_group("shards").add_argument(
        "--to-shards",
        metavar="FOLDER",
        type=Path,
        help="new folder for image files, labels and splits, in TFRecord files of about 128 MiB",
    )
    add_data_flags(parser.add_argument_group("data"))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code.
    """
    return run_command(_main, argv)


def _main(argv: Sequence[str]) -> None:
    arguments = vars(make_parser().parse_args(argv))
    sheet, overwrite = arguments.pop("contact_sheet"), arguments.pop("overwrite")
    shards = arguments.pop("to_shards")
    options = DataOptions(**arguments)
    check_name(options.dataset)
    if sheet is not None:
        _check_sheet(sheet, overwrite)
    import_tensorflow()
    if shards is not None:
        _write_shards(options, shards, overwrite)
    else:
        _inspect(options, sheet, is_cache_given="cache" in arguments)


def _check_sheet(path: Path, overwrite: bool) -> None:
    """Refuse a file that cannot be written, before anything that takes time."""
    if path.suffix.lower() != ".png":
        raise InputError(
            "--contact-sheet writes a PNG", got=path, accepted="a name that ends in .png"
        )
    if path.is_dir() or (path.exists() and not overwrite):
        raise InputError(
            "the contact sheet must be a new file",
            got=f"{path}, which exists",
            accepted="another --contact-sheet FILE, or --overwrite to replace it",
        )
    if not path.parent.is_dir():
        raise InputError(
            "the contact sheet needs an existing folder",
            got=path.parent,
            accepted="a folder that exists",
        )


def _write_shards(options: DataOptions, folder: Path, overwrite: bool) -> None:
    from tfdeepsim.data.shards.writing import check_sizes, check_target, write_shards

    folder = home_path(folder)
    check_target(folder, overwrite)
    if options.probe_classes is not None:
        raise InputError(
            "shards hold all classes",
            got=f"--probe-classes {options.probe_classes} with --to-shards",
            accepted="--probe-classes where the shards are used",
        )
    # Image files are copied: their pixels need not be kept.
    opened = dataclasses.replace(options, cache="none") if options.cache == "auto" else options
    dataset = open_dataset(options.dataset, options.data_dir, opened)
    check_sizes(dataset, options)
    info = write_shards(dataset, folder, options.cache, overwrite=overwrite)
    size, count = sum(shard.bytes for shard in info.shards.values()), len(info.shards)
    print(
        f"{info.images:,} images, {size / 1e6:,.0f} MB in {count:,} shard{'s' * (count > 1)}: "
        f"--dataset 'shards:{folder / '*'}.tfrecord'"
    )


def _inspect(options: DataOptions, sheet: Path | None, is_cache_given: bool) -> None:
    from tfdeepsim.console import PlainConsole
    from tfdeepsim.data.array_dataset import ArrayDataset
    from tfdeepsim.data.dataset import Splits
    from tfdeepsim.data.inspect.contents import inspect_labels
    from tfdeepsim.data.inspect.report import print_report

    description = describe(options.dataset, options.data_dir, options)
    if not description.ready and description.seconds_needed > _ANNOUNCED_FROM:
        print(
            f"{description.name} has to be created first: about "
            f"{math.ceil(description.seconds_needed / 60)} min and "
            f"{description.bytes_needed / 1e6:,.0f} MB, in {description.folder}",
            file=sys.stderr,
        )
    dataset = open_dataset(options.dataset, options.data_dir, options)
    # Only a few images are shown: if they can be read by themselves, the others are not decoded.
    decode_few = not is_cache_given and isinstance(dataset, ArrayDataset) and dataset.is_indexed
    splits = Splits(dataset, "none" if decode_few else options.cache)
    print_report(PlainConsole(), dataset, description, inspect_labels(dataset, splits))
    _write_sheet(dataset, splits, sheet or _default_sheet(dataset))


def _default_sheet(dataset: "Dataset") -> Path:
    return dataset.cache_dir / f"{slug(dataset.name)[-100:]}-contact-sheet.png"


def _write_sheet(dataset: "Dataset", splits: "Splits", path: Path) -> None:
    from tfdeepsim.data.inspect.contact_sheet import contact_sheet

    name = "probe_train" if dataset.task else "encoder_train"
    split = splits[name]
    labels = split.labels[dataset.label] if dataset.label is not None else None
    picture = contact_sheet(split, labels, dataset.class_names, dataset.probe_mask(split))
    try:
        with replacing(path) as new:
            picture.save(new, "PNG")
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        raise InputError(
            "the contact sheet needs a folder that can be written",
            got=f"{path} ({error.strerror or error})",
            accepted="--contact-sheet FILE in a folder that this user may write",
        ) from error
    print(f"contact sheet of {name}: {path}")


if __name__ == "__main__":
    sys.exit(main())
