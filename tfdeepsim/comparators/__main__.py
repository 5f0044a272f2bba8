"""Packs the weights of a trained comparator up to a layer, as they come with the package.

    python -m tfdeepsim.comparators runs/alexnet --layer relu5 --out
    saved_models/alexnet.safetensors \\
        --data "CIFAR-10, 45,000 photographs with labels" --licence Apache-2.0
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tfdeepsim.command_line import Parser, run_command
from tfdeepsim.comparators.spec import ARCHITECTURES
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing, write_json
from tfdeepsim.run import RunDirectory

# What a run trains on, told in its command; all else of its config is as train.py has it by
# default.
_TOLD = (
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
    parser.add_argument(
        "--data", metavar="TEXT", required=True, help="what it was trained on, in words"
    )
    parser.add_argument(
        "--licence", metavar="NAME", required=True, help="under which others may use it"
    )
    parser.add_argument("--overwrite", action="store_true", default=False, help="replace the file")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(_main, argv)


def _main(argv: Sequence[str]) -> None:
    given = make_parser().parse_args(argv)
    out = Path(given.out)
    if out.suffix != ".safetensors":
        raise InputError("--out is a safetensors file", got=given.out, accepted="NAME.safetensors")
    if out.exists() and not given.overwrite:
        raise InputError(
            "--out must be new", got=given.out, accepted="another name, or --overwrite"
        )
    pack(RunDirectory(given.run), given.layer, out, given.data, given.licence)
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


def pack(run: RunDirectory, layer: str, out: Path, data: str, licence: str) -> None:
    """Write a trained comparator's weights up to `layer` as float16, and a card beside them.

    Args:
        run: Of `train.py --task comparator`.
        layer: The deepest that is kept.
        out: The `.safetensors` file; the card has the suffix `.json`.
        data: What it was trained on, in words.
        licence: Under which others may use it.

    Raises:
        InputError: If the run trained no comparator, or it has no such layer.
    """
    import numpy as np
    from safetensors.numpy import save_file

    from tfdeepsim.comparators.weights.load import load_weights
    from tfdeepsim.comparators.weights.locate import find_weights

    config = run.read_config()
    name, path = str(config["comparator"]), find_weights(str(config["comparator"]), run.path)
    assert path is not None, "a run holds a file"
    architecture, tensors = load_weights(path, ARCHITECTURES[name], [layer])
    trained = json.loads(run.result.read_text())
    with replacing(out) as new:
        save_file(
            {key: value.astype(np.float16) for key, value in tensors.items()},
            new,
            metadata={"data": data},
        )
    with open(out, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    accuracy = {key: value for key, value in trained.items() if key.endswith("accuracy")}
    write_json(
        out.with_suffix(".json"),
        {
            "name": name,
            "file": out.name,
            "sha256": sha256,
            "summary": f"{trained['objective']}, {data}, {trained['image_size']} px",
            "layers": [step.name for step in architecture.up_to(layer)],
            "data": data,
            "saw_labels": trained["saw_labels"],
            "command": _command(config),
            "seed": config["seed"],
            "epoch": trained["epoch"],
            "accuracy": accuracy,
            "licence": licence,
        },
    )


def _command(config: dict) -> str:
    told = {key: config[key] for key in _TOLD if config.get(key) is not None}
    if config["comparator"] != "exemplar_cnn":
        told.pop("surrogate_classes", None)
    flags = " ".join(f"--{key.replace('_', '-')} {value}" for key, value in told.items())
    return f"python train.py --task comparator {flags}"


if __name__ == "__main__":
    sys.exit(main())
