"""Packs the weights of a trained comparator up to a layer, as they come with the package.

    python -m tfdeepsim.comparators runs/alexnet --layer relu5 \\
        --out saved_models/alexnet.safetensors \\
        --data "CIFAR-10, 45,000 photographs with labels" --licence Apache-2.0
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

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


def make_parser() -> Parser:
    """The arguments of the command."""
    parser = Parser(
        prog="python -m tfdeepsim.comparators",
        description="Pack a trained comparator as float16, with a card.",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("run", help="run directory of train.py --task comparator")
    parser.add_argument("--layer", metavar="NAME", required=True, help="the deepest layer to keep")
    parser.add_argument(
        "--out", metavar="FILE", required=True, help="a .safetensors file; its card is beside it"
    )
    parser.add_argument("--data", metavar="TEXT", required=True, help="the training data, in words")
    parser.add_argument(
        "--licence", metavar="NAME", required=True, help="licence of the packed weights"
    )
    parser.add_argument("--overwrite", action="store_true", default=False, help="replace the file")
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
    pack(RunDirectory(arguments.run), arguments.layer, out, arguments.data, arguments.licence)
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


def pack(run: RunDirectory, layer: str, out: Path, data: str, licence: str) -> None:
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
    import numpy as np
    from safetensors.numpy import save_file

    from tfdeepsim.comparators.weights.load import load_weights
    from tfdeepsim.comparators.weights.locate import locate_weights

    config = run.read_config()
    name = str(config["comparator"])
    path = locate_weights(name, run.path)
    assert path is not None, "a run holds a file"
    weights = load_weights(path, ARCHITECTURES[name], [layer])
    result = read_json(run.result)
    with replacing(out) as new:
        save_file(
            {key: value.astype(np.float16) for key, value in weights.tensors.items()},
            new,
            metadata={"data": data},
        )
    write_json(
        out.with_suffix(".json"),
        {
            "name": name,
            "file": out.name,
            "sha256": sha256_of(out),
            "summary": f"{result['objective']}, {data}, {result['image_size']} px",
            "layers": [step.name for step in weights.architecture.up_to(layer)],
            "data": data,
            "saw_labels": result["saw_labels"],
            "command": _command(config),
            "seed": config["seed"],
            "epoch": result["epoch"],
            "accuracy": {key: value for key, value in result.items() if key.endswith("accuracy")},
            "licence": licence,
        },
    )


def _command(config: dict) -> str:
    fields = {key: config[key] for key in _IN_COMMAND if config.get(key) is not None}
    if config["comparator"] != "exemplar_cnn":
        fields.pop("surrogate_classes", None)
    flags = " ".join(f"--{key.replace('_', '-')} {value}" for key, value in fields.items())
    return f"python train.py --task comparator {flags}"


if __name__ == "__main__":
    sys.exit(main())
