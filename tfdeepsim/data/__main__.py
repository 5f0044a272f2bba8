"""The command `python -m tfdeepsim.data`: what a dataset holds."""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from tfdeepsim.command_line import Parser, import_tensorflow, run_command
from tfdeepsim.data import KINDS, check_name, describe, open_dataset
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing, slug
from tfdeepsim.flags import add_data_flags
from tfdeepsim.options import DataOptions

_DESCRIPTION = """\
Say what a dataset holds: sizes, splits, labels, what was skipped, checksum.
Write a contact sheet, a picture of some of its images."""

_EXAMPLES = """\
datasets:
  {spellings}

examples:
  python -m tfdeepsim.data folder:photos --contact-sheet photos.png
  python -m tfdeepsim.data svhn --data-dir downloads --resize tile"""

_WORTH_TELLING = 10
"""Seconds that a user may wait without being told."""


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
        help="PNG to write (default: named after the dataset)",
    )
    sheet.add_argument("--overwrite", action="store_true", help="replace that file if it is there")
    add_data_flags(parser.add_argument_group("data"))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code.
    """
    return run_command(_main, argv)


def _main(argv: Sequence[str]) -> None:
    given = vars(make_parser().parse_args(argv))
    sheet, overwrite = given.pop("contact_sheet"), given.pop("overwrite")
    options = DataOptions(**given)
    check_name(options.dataset)
    sheet = sheet or Path(f"{slug(options.dataset)}.png")
    _check_sheet(sheet, overwrite)
    import_tensorflow()
    _inspect(options, sheet, lazily="cache" not in given)


def _check_sheet(path: Path, overwrite: bool) -> None:
    """Before anything that takes time."""
    if path.suffix.lower() != ".png":
        raise InputError(
            "--contact-sheet writes a PNG", got=path, accepted="a name that ends in .png"
        )
    if path.is_dir() or (path.exists() and not overwrite):
        raise InputError(
            "the contact sheet must be a new file",
            got=f"{path}, which is there",
            accepted="another --contact-sheet FILE, or --overwrite to replace it",
        )
    if not path.parent.is_dir():
        raise InputError(
            "the contact sheet needs a folder", got=path.parent, accepted="a folder that is there"
        )


def _inspect(options: DataOptions, sheet: Path, lazily: bool) -> None:
    import rich.console

    from tfdeepsim.data.array_dataset import ArrayDataset
    from tfdeepsim.data.dataset import Splits
    from tfdeepsim.data.inspect.contact_sheet import contact_sheet
    from tfdeepsim.data.inspect.contents import inspect_labels
    from tfdeepsim.data.inspect.report import print_report

    description = describe(options.dataset, options.data_dir, options)
    if not description.made and description.seconds_needed > _WORTH_TELLING:
        print(
            f"{description.name} has to be made first: about "
            f"{math.ceil(description.seconds_needed / 60)} min and "
            f"{description.bytes_needed / 1e6:,.0f} MB, in {description.folder}",
            file=sys.stderr,
        )
    dataset = open_dataset(options.dataset, options.data_dir, options)
    # A few images are looked at: where they can be had by themselves, the others are not decoded.
    few = isinstance(dataset, ArrayDataset) and dataset.is_indexed
    splits = Splits(dataset, "none" if lazily and few else options.cache)
    print_report(rich.console.Console(), dataset, description, inspect_labels(dataset, splits))
    split = "probe_train" if dataset.task else "encoder_train"
    source = splits[split]
    labels = source.labels[dataset.label] if dataset.label is not None else None
    picture = contact_sheet(source, labels, dataset.class_names, dataset.probe_mask(source))
    with replacing(sheet) as new:
        picture.save(new, "PNG")
    print(f"contact sheet of {split}: {sheet}")


if __name__ == "__main__":
    sys.exit(main())
