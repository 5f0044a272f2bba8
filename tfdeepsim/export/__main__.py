"""The command `python -m tfdeepsim.export`: a trained network for programs without tfdeepsim."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tfdeepsim.command_line import Parser, run_command
from tfdeepsim.export.formats import FORMATS
from tfdeepsim.export.portable import export_run

_DESCRIPTION = """\
Export the encoder of a run, the generator of an inversion, or the features of a
trained comparator, for programs without tfdeepsim. A card is written beside the file."""

_EXAMPLES = """\
examples:
  python -m tfdeepsim.export runs/p-ae --to onnx
  python -m tfdeepsim.export runs/exemplar --layer relu3 --to keras --output relu3.keras"""


def make_parser() -> Parser:
    """The parser of the command."""
    parser = Parser(prog="python -m tfdeepsim.export", description=_DESCRIPTION, epilog=_EXAMPLES)
    parser.add_argument("run", metavar="RUN", help="run directory of a finished run of train.py")
    parser.add_argument("--to", metavar="FORMAT", required=True, help=", ".join(FORMATS))
    parser.add_argument(
        "--output",
        metavar="PATH",
        type=Path,
        help="file to write, or folder of a SavedModel (default: in RUN/exports)",
    )
    parser.add_argument(
        "--layer", metavar="NAME", help="of a comparator's run: the layer whose features are taken"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace PATH if it exists")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code.
    """
    return run_command(_main, argv)


def _main(argv: Sequence[str]) -> None:
    arguments = make_parser().parse_args(argv)
    path = export_run(
        arguments.run,
        arguments.to,
        arguments.output,
        layer=arguments.layer,
        overwrite=arguments.overwrite,
    )
    print(f"exported: {path}")


if __name__ == "__main__":
    sys.exit(main())
