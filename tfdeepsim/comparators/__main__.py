"""Packs the weights of a comparator up to a layer, as they come with the package.

    python -m tfdeepsim.comparators runs/exemplar --layer relu3 \\
        --out saved_models/exemplar_cnn.safetensors \\
        --data "500 patches of photographs without labels" --licence Apache-2.0
    python -m tfdeepsim.comparators alexnet-owt-7be5be79.pth --comparator alexnet --layer pool5 \\
        --out saved_models/alexnet.safetensors --data "ImageNet-1k, photographs with labels" \\
        --saw-labels ImageNet-1k --source "torchvision's AlexNet" --licence BSD-3-Clause
"""

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfdeepsim.command_line import Parser, run_command
from tfdeepsim.comparators.spec import ARCHITECTURES
from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json, replacing, sha256_of, write_json
from tfdeepsim.run import RunDirectory

# Fields of a run's config that its command on the card names; the others have their defaults.
_IN_COMMAND = (
    "comparator",
    "dataset",
    "image_size",
    "batch_size",
    "epochs",
    "steps",
    "surrogate_classes",
    "seed",
)
_OF_FILES = ("comparator", "source", "saw_labels")
"""Arguments that only a file needs; a run knows them."""


def make_parser() -> Parser:
    """The arguments of the command."""
    parser = Parser(
        prog="python -m tfdeepsim.comparators",
        description="Pack a trained comparator as float16, with a card.",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument(
        "weights", help="run directory of train.py --task comparator, or a weights file"
    )
    parser.add_argument("--layer", metavar="NAME", required=True, help="the deepest layer to keep")
    parser.add_argument(
        "--out", metavar="FILE", required=True, help="a .safetensors file; its card is beside it"
    )
    parser.add_argument("--data", metavar="TEXT", required=True, help="the training data, in words")
    parser.add_argument(
        "--licence", metavar="NAME", required=True, help="licence of the packed weights"
    )
    parser.add_argument("--overwrite", action="store_true", default=False, help="replace the file")
    group = parser.add_argument_group("of a weights file")
    group.add_argument("--comparator", metavar="NAME", help="the network, for example alexnet")
    group.add_argument("--source", metavar="TEXT", help="who published the file, in words")
    group.add_argument(
        "--saw-labels",
        metavar="NAME",
        help="dataset whose labels the network was trained with, if it was",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(_main, argv)


def _main(argv: Sequence[str]) -> None:
    arguments = make_parser().parse_args(argv)
    out = Path(arguments.out)
    if out.suffix != ".safetensors":
        raise InputError(
            "--out is a safetensors file", got=arguments.out, accepted="NAME.safetensors"
        )
    if out.exists() and not arguments.overwrite:
        raise InputError(
            "--out must be new", got=arguments.out, accepted="another name, or --overwrite"
        )
    of_file = {name: getattr(arguments, name) for name in _OF_FILES if hasattr(arguments, name)}
    common = (arguments.layer, out, arguments.data, arguments.licence)
    if Path(arguments.weights).is_dir():
        if of_file:
            raise InputError(
                "a run knows its network and labels",
                got=", ".join(f"--{name.replace('_', '-')}" for name in of_file),
                accepted="a weights file with these arguments",
            )
        pack_run(RunDirectory(arguments.weights), *common)
    else:
        for name in ("comparator", "source"):
            if name not in of_file:
                raise InputError(
                    f"a weights file needs --{name}",
                    got=f"{arguments.weights} without it",
                    accepted=f"--{name}, or the run directory of train.py --task comparator",
                )
        pack_file(Path(arguments.weights), *common, **of_file)
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


def pack_run(run: RunDirectory, layer: str, out: Path, data: str, licence: str) -> None:
    """Write a trained comparator's weights up to `layer` as float16, and a card beside them.

    Args:
        run: A finished run of `train.py --task comparator`.
        layer: Name of the deepest layer whose weights are written.
        out: The `.safetensors` file to write; the card has the suffix `.json`.
        data: The training data, in words.
        licence: Licence of the packed weights.

    Raises:
        InputError: If the run trained no comparator, or the comparator has no such layer.
    """
    from tfdeepsim.comparators.weights.labels_seen import labels_seen
    from tfdeepsim.comparators.weights.locate import locate_weights

    config = run.read_config()
    name = str(config["comparator"])
    path = locate_weights(name, run.path)
    assert path is not None, "a run holds a file"
    result = read_json(run.result)
    origin = {
        "saw_labels": labels_seen(path),
        "command": _training_command(config),
        "seed": config["seed"],
        "epoch": result["epoch"],
        "accuracy": {key: value for key, value in result.items() if key.endswith("accuracy")},
    }
    summary = f"{result['objective']}, {data}, {result['image_size']} px"
    _pack(path, name, layer, out, data, licence, summary, origin)


def pack_file(
    path: Path,
    layer: str,
    out: Path,
    data: str,
    licence: str,
    *,
    comparator: str,
    source: str,
    saw_labels: str | None = None,
) -> None:
    """Write the weights in a file up to `layer` as float16, and a card beside them.

    Args:
        path: A file in any format that `read_weight_file` knows.
        layer, out, data, licence: As for `pack_run`.
        comparator: Name of the network that the weights belong to.
        source: Who published the file, in words.
        saw_labels: Dataset whose labels the network was trained with; None if it saw none.

    Raises:
        InputError: If there is no such network or layer, or the file is not one of its weights.
    """
    if comparator not in ARCHITECTURES:
        raise InputError(
            "--comparator names the network in a weights file",
            got=comparator,
            accepted=", ".join(ARCHITECTURES),
        )
    flags = {
        "comparator": comparator,
        "layer": layer,
        "out": out.name,
        "data": data,
        "source": source,
        "saw-labels": saw_labels,
        "licence": licence,
    }
    words = [word for name, value in flags.items() if value for word in (f"--{name}", value)]
    origin = {
        "saw_labels": saw_labels,
        "source": source,
        "source_file": path.name,
        "source_sha256": sha256_of(path) if path.is_file() else None,
        "command": shlex.join(["python", "-m", "tfdeepsim.comparators", path.name, *words]),
    }
    _pack(path, comparator, layer, out, data, licence, data, origin)


def _pack(
    path: Path,
    name: str,
    layer: str,
    out: Path,
    data: str,
    licence: str,
    summary: str,
    origin: Mapping[str, Any],
) -> None:
    import numpy as np

    from tfdeepsim.comparators.weights.formats.safetensors import write_safetensors_file
    from tfdeepsim.comparators.weights.load import load_weights

    weights = load_weights(path, ARCHITECTURES[name], [layer])
    packed = {key: value.astype(np.float16) for key, value in weights.tensors.items()}
    errors = (np.abs(value - packed[key]).max() for key, value in weights.tensors.items())
    with replacing(out) as new:
        # One entry: the order of several is not always the same.
        write_safetensors_file(new, packed, {"data": data})
    write_json(
        out.with_suffix(".json"),
        {
            "name": name,
            "file": out.name,
            "sha256": sha256_of(out),
            "summary": summary,
            "layers": [step.name for step in weights.architecture.up_to(layer)],
            "data": data,
            **origin,
            "largest_rounding": float(f"{max(errors):.2g}"),
            "licence": licence,
        },
    )


def _training_command(config: Mapping[str, Any]) -> str:
    fields = {key: config[key] for key in _IN_COMMAND if config.get(key) is not None}
    if config["comparator"] != "exemplar_cnn":
        fields.pop("surrogate_classes", None)
    flags = " ".join(f"--{key.replace('_', '-')} {value}" for key, value in fields.items())
    return f"python train.py --task comparator {flags}"


if __name__ == "__main__":
    sys.exit(main())
