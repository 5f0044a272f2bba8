"""The command `train.py`, installed as `tfdeepsim-train`."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any

from tfdeepsim.command_line import Parser, import_tensorflow, run_command
from tfdeepsim.commands.flags import add_training_flags, check_data
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.options import flag
from tfdeepsim.recipes import ON_ANY_IMAGES, RECIPES, check_recipe
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
# A run may be prolonged, and moved to where the data is; all else makes it another run.
MAY_CHANGE = {"epochs", "steps", "data_dir", "cache"}


def make_parser() -> Parser:
    """Every flag of SPEC's command line that training knows; those left out take the config's
    defaults."""
    parser = Parser(
        prog="train.py",
        description="Train an image encoder under a pixel loss or a perceptual loss.",
        epilog=EPILOG,
        argument_default=argparse.SUPPRESS,
    )
    add_training_flags(parser)
    run = parser.add_argument_group("run")
    run.add_argument("--run-dir", metavar="DIR", help="where everything of this run goes")
    run.add_argument("--resume", action="store_true", help="go on with the run in --run-dir")
    run.add_argument("--overwrite", action="store_true", help="replace the run in --run-dir")
    run.add_argument(
        "--dry-run", action="store_true", help="check all, say what it would cost, and stop"
    )
    run.add_argument(
        "--recipe", metavar="NAME", help="reproduce a whole table: " + ", ".join(RECIPES)
    )
    run.add_argument(
        "--scale", metavar="S", type=float, help="size of a recipe, 1 being full (default: 1)"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code.
    """
    return run_command(_main, argv)


def _main(argv: Sequence[str]) -> int:
    given = vars(make_parser().parse_args(argv))
    if "recipe" in given:
        return _run_recipe(given)
    if "scale" in given:
        raise InputError(
            "--scale is the size of a recipe", got="no --recipe", accepted=f"--recipe {RECIPES[0]}"
        )
    if "run_dir" not in given:
        raise InputError("a run needs a folder", got="no --run-dir", accepted="--run-dir DIR")
    run = RunDirectory(given.pop("run_dir"))
    modes = {name: given.pop(name, False) for name in ("resume", "overwrite", "dry_run")}
    config = _config(run, given, modes["resume"], modes["overwrite"])
    check_data(config)
    return _train(config, run, **modes)


def _config(run: RunDirectory, given: dict[str, Any], resume: bool, overwrite: bool) -> TrainConfig:
    if not resume:
        config = TrainConfig(**given)
        run.check_free(overwrite)
        return config
    if overwrite:
        raise InputError(
            "--resume and --overwrite exclude each other", got="both", accepted="one of them"
        )
    stored = TrainConfig.from_dict(run.read_config()).to_dict()
    for name, value in given.items():
        if name not in MAY_CHANGE and stored[name] != value:
            raise InputError(
                "--resume goes on with the same configuration",
                got=f"{flag(name)} {value}, where the run has {stored[name]}",
                accepted="the run's own value, or a new --run-dir",
            )
    for name, other in (("epochs", "steps"), ("steps", "epochs")):
        if name in given and other not in given:
            stored[other] = None
    return TrainConfig.from_dict({**stored, **given})


def _train(config: TrainConfig, run: RunDirectory, **modes: Any) -> int:
    import_tensorflow()
    from tfdeepsim.training.trainer import train

    try:
        train(config, run, **modes)
        if config.task == "comparator" and not modes["dry_run"]:
            print(
                f"comparator: --comparator {config.comparator}:LAYER --comparator-weights {run.path}"
            )
        elif not modes["dry_run"]:
            from tfdeepsim.export import export

            export(run)
            outcome = run.outcome(config.task)
            print(f"{outcome.name}: {outcome}")
    except KeyboardInterrupt:
        if run.config.is_file():
            print(
                f"\ninterrupted; go on with: train.py --resume --run-dir {run.path}",
                file=sys.stderr,
            )
            return 130
        raise
    return 0


def _run_recipe(given: dict[str, Any]) -> int:
    allowed = {"recipe", "scale", "run_dir", "data_dir", "comparator_weights", "dry_run"}
    if given["recipe"] in ON_ANY_IMAGES:
        allowed.add("dataset")
    if extra := sorted(set(given) - allowed):
        raise InputError(
            "a recipe sets all other flags itself",
            got=", ".join(map(flag, extra)),
            accepted=", ".join(map(flag, sorted(allowed))),
        )
    name = given.pop("recipe")
    check_recipe(name)
    import_tensorflow()
    recipe = importlib.import_module(f"tfdeepsim.recipes.{name}")
    recipe.reproduce(**given)
    return 0
