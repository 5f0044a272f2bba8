"""The command `train.py`, installed as `tfdeepsim-train`."""

import argparse
import dataclasses
import importlib
import inspect
from collections.abc import Sequence
from typing import Any

from tfdeepsim.command_line import Parser, import_tensorflow, run_command
from tfdeepsim.commands.flags import add_training_flags, check_data
from tfdeepsim.commands.precision import announced_precision, take_auto, warn_of_slow_precision
from tfdeepsim.config import TrainConfig
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.errors import InputError
from tfdeepsim.options import flag
from tfdeepsim.recipes import FLAGS, FLAGS_OF_ALL, RECIPES, check_recipe
from tfdeepsim.run import RunDirectory

EPILOG = """examples:
  train.py --dataset llv2 --model ae --loss pixel --run-dir runs/ae
  train.py --dataset llv2 --model vae --loss perceptual \\
      --comparator random_alexnet:relu2 --epochs 50 --run-dir runs/pvae
  train.py --dataset folder:photos --image-size 96 --run-dir runs/photos
  train.py --task comparator --comparator exemplar_cnn \\
      --dataset folder:photos --image-size 64 --run-dir runs/exemplar
  train.py --task inversion --invert alexnet:pool5 --loss deepsim \\
      --dataset folder:photos --image-size 96 --run-dir runs/inversion
  train.py --resume --run-dir runs/pvae
  train.py --recipe quickstart
"""
CHANGEABLE = {
    *("epochs", "steps", "data_dir", "cache", "parallel_reads"),
    *("checkpoint_minutes", "keep_features"),
}
"""Fields that may change when a run is resumed: how long it trains, where its dataset is, what is
kept of it, and how often its state is saved."""

LARGEST_SCALE = 100

OF_RECIPES = ("latent_dims", "gammas", "seeds")
"""Flags that only recipes take."""


def make_parser() -> Parser:
    """The parser of the command; flags that are not given are absent from the parsed arguments."""
    parser = Parser(
        prog="train.py",
        usage="train.py --run-dir DIR [flags]",
        description="Train an image encoder under a pixel loss or a perceptual loss.",
        epilog=EPILOG,
        argument_default=argparse.SUPPRESS,
    )
    add_training_flags(parser)
    run = parser.add_argument_group("run")
    run.add_argument("--run-dir", metavar="DIR", help="Folder that all results are written to")
    run.add_argument("--resume", action="store_true", help="Resume the run in --run-dir")
    run.add_argument("--overwrite", action="store_true", help="Replace the run in --run-dir")
    run.add_argument(
        "--dry-run", action="store_true", help="Check everything, print the cost, and stop"
    )
    run.add_argument(
        "--recipe",
        metavar="NAME",
        help="Reproduce a table or a figure: " + ", ".join(RECIPES),
    )
    run.add_argument(
        "--scale", metavar="X", type=float, help="Size of a recipe; 1 is its full size (default: 1)"
    )
    run.add_argument(
        "--latent-dims",
        metavar="N,N",
        help="Latent sizes of --recipe table1, e.g. 32,64,128 (default: 64)",
    )
    run.add_argument(
        "--gammas",
        metavar="X,X",
        help="Weights of the KL term of --recipe table1, half of --lambda-kl, e.g. 0,0.001,0.01; 0 "
        "is the plain autoencoder (default: 0,0.001)",
    )
    run.add_argument(
        "--seeds",
        metavar="N",
        type=int,
        help="Number of runs of each row in --recipe learning_curves, table1 and comparators "
        "(default: 3) and in table4 (default: 1)",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Arguments of the command line; None for those of the process.

    Returns:
        The exit code.
    """
    return run_command(_main, argv)


def _main(argv: Sequence[str]) -> int:
    arguments = vars(make_parser().parse_args(argv))
    if "recipe" in arguments:
        return _run_recipe(arguments)
    if "scale" in arguments:
        raise InputError(
            "--scale is the size of a recipe", got="no --recipe", accepted=f"--recipe {RECIPES[0]}"
        )
    for name in OF_RECIPES:
        if name in arguments:
            raise InputError(
                f"{flag(name)} is for a recipe", got="no --recipe", accepted="--recipe table1"
            )
    if "run_dir" not in arguments:
        raise InputError("a run needs a folder", got="no --run-dir", accepted="--run-dir DIR")
    run = RunDirectory(arguments.pop("run_dir"))
    modes = {name: arguments.pop(name, False) for name in ("resume", "overwrite", "dry_run")}
    is_auto = take_auto(arguments)
    config = _config(run, arguments, modes["resume"], modes["overwrite"])
    data = LazyDataset(config)
    check_data(config, data)
    import_tensorflow()
    if is_auto and not modes["resume"]:
        config = dataclasses.replace(config, precision=announced_precision())
    else:
        warn_of_slow_precision(config.precision, config.strategy)
    return _train(config, run, data, **modes)


def _config(
    run: RunDirectory, fields: dict[str, Any], resume: bool, overwrite: bool
) -> TrainConfig:
    """The config of a new run, or of a run that is resumed.

    Args:
        run: The run directory.
        fields: Fields of the config that were given on the command line.
        resume: Whether the other fields are those of the run.
        overwrite: Whether a run in the directory may be replaced.
    """
    if not resume:
        config = TrainConfig(**fields)
        # Of several workers, one writes; which one this is is known later.
        if config.strategy != "multiworker":
            run.check_free(overwrite)
        return config
    if overwrite:
        raise InputError(
            "--resume and --overwrite exclude each other", got="both", accepted="one of them"
        )
    stored = TrainConfig.from_dict(run.read_config()).to_dict()
    for name, value in fields.items():
        if name not in CHANGEABLE and stored[name] != value:
            raise InputError(
                "--resume continues with the same configuration",
                got=f"{flag(name)} {value}, where the run has {stored[name]}",
                accepted="the run's own value, or a new --run-dir",
            )
    for name, other in (("epochs", "steps"), ("steps", "epochs")):
        if name in fields and other not in fields:
            stored[other] = None
    return TrainConfig.from_dict({**stored, **fields})


def _train(config: TrainConfig, run: RunDirectory, data: LazyDataset, **modes: Any) -> int:
    from tfdeepsim.export import export
    from tfdeepsim.training.trainer import train

    try:
        network = train(config, run, data=data, **modes)
        if network is None:
            return 0
        if config.task == "comparator":
            spec = f"{config.comparator}:LAYER"
            print(f"comparator: --comparator {spec} --comparator-weights {run.path}")
        else:
            export(run, network)
            outcome = run.outcome(config.task)
            print(f"{outcome.name}: {outcome}")
    except KeyboardInterrupt as interrupt:
        if not run.config.is_file():
            raise
        ended = str(interrupt) or "interrupted"
        raise type(interrupt)(
            f"{ended}; resume with: train.py --resume --run-dir {run.path}"
        ) from None
    return 0


def _run_recipe(arguments: dict[str, Any]) -> int:
    name = arguments.pop("recipe")
    check_recipe(name)
    allowed = {*FLAGS_OF_ALL, *FLAGS[name]}
    if forbidden := sorted(set(arguments) - allowed):
        raise InputError(
            "a recipe sets all other flags itself",
            got=", ".join(map(flag, forbidden)),
            accepted=", ".join(map(flag, sorted(allowed))),
        )
    if "convolutions" in arguments:
        _check_convolutions(**arguments)
    if not 0 < arguments.get("scale", 1.0) <= LARGEST_SCALE:
        raise InputError(
            "--scale is out of range",
            got=arguments["scale"],
            accepted=f"a number above 0, up to {LARGEST_SCALE}",
        )
    import_tensorflow()
    recipe = importlib.import_module(f"tfdeepsim.recipes.{name}")
    if take_auto(arguments):
        folder = inspect.signature(recipe.reproduce).parameters["run_dir"].default
        arguments["precision"] = announced_precision(arguments.get("run_dir", folder))
    else:
        warn_of_slow_precision(arguments.get("precision"))
    recipe.reproduce(**arguments)
    return 0


def _check_convolutions(
    convolutions: str, comparator_weights: str | None = None, **others: Any
) -> None:
    if comparator_weights is not None:
        raise InputError(
            "--convolutions is for the AlexNet that a recipe trains",
            got=f"--comparator-weights {comparator_weights} too",
            accepted="one of them",
        )
    TrainConfig(task="comparator", comparator="alexnet", convolutions=convolutions)
