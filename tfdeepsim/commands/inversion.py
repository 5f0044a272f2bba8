"""Inversions in `evaluate.py`: runs of them compared, or a network inverted without training."""

from collections.abc import Collection, Sequence
from typing import Any

from tfdeepsim.command_line import import_tensorflow
from tfdeepsim.commands.flags import (
    COMPARISON,
    DATA,
    TRAINING,
    check_data,
    data_fields,
    refuse_training_flags,
)
from tfdeepsim.commands.report_folder import free_report_folder
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.flags import Arguments, add_flags
from tfdeepsim.inversion.optimization_settings import METHODS, OptimizationSettings
from tfdeepsim.options import flag
from tfdeepsim.run import RunDirectory

CONFIG_FLAGS = ("invert", "invert_weights", "external_range", "seed")
"""Fields of training that an inversion by optimization takes too."""
OPTIMIZATION_FLAGS = {
    "method": "method",
    "opt_steps": "steps",
    "tv": "tv_weight",
    "alpha_norm": "alpha_norm_weight",
    "jitter": "jitter",
}
"""Flags of an inversion by optimization, and the fields of its `OptimizationSettings`."""
PROBE_FLAGS = (
    "probes",
    "probe_seeds",
    "probe_epochs",
    "probe_patience",
    "probe_settings",
    "label_fractions",
    "baselines",
    "decode",
    "card",
)
"""Flags for embeddings, which an inversion does not have."""
INVERSION_FILES = ("inversions.csv", "inversions.md", "inversions.png")


def add_optimization_flags(parser: Arguments) -> None:
    """Add the flags of an inversion by optimization."""
    parser.add_argument(
        "--by",
        metavar="NAME",
        help="How the network is inverted: optimization, which searches for each image",
    )
    add_flags(
        parser,
        OptimizationSettings,
        OPTIMIZATION_FLAGS.values(),
        choices={"method": METHODS},
        spellings={field: flag(name) for name, field in OPTIMIZATION_FLAGS.items()},
    )


def refuse_probe_flags(names: Collection[str]) -> None:
    """Refuse flags of embeddings beside an inversion.

    Args:
        names: Names of the flags that were given.

    Raises:
        InputError: If there is one.
    """
    for name in names:
        raise InputError(
            f"{flag(name)} is for embeddings",
            got="an inversion, which has none",
            accepted="runs of --task autoencoder",
        )


def has_inversion_run(paths: Sequence[str]) -> bool:
    """Whether one of several paths is a run of `--task inversion`."""
    runs = [RunDirectory(path) for path in paths]
    return any(
        run.config.is_file() and run.read_config().get("task") == "inversion" for run in runs
    )


def evaluate_inversions(arguments: dict[str, Any]) -> None:
    """Compare runs of `--task inversion`.

    Args:
        arguments: Parsed arguments of `evaluate.py`.

    Raises:
        InputError: If a flag does not belong to inversions, or a run cannot be used.
    """
    refuse_training_flags(arguments)
    folder = free_report_folder(arguments, INVERSION_FILES)
    import_tensorflow()
    from tfdeepsim.inversion_evaluation import compare_inversions

    compare_inversions(arguments["encoders"], data_fields(arguments), folder)


def invert_by_optimization(arguments: dict[str, Any]) -> None:
    """Invert a network by optimization of each image, and report the errors.

    Args:
        arguments: Parsed arguments of `evaluate.py`.

    Raises:
        InputError: If a flag is missing or does not belong to it, or the network cannot be used.
    """
    _check_flags(arguments)
    fields = {name: arguments[name] for name in (*CONFIG_FLAGS, *DATA) if name in arguments}
    config = TrainConfig(task="inversion", **fields)
    folder = free_report_folder(arguments, INVERSION_FILES)
    check_data(config)
    from tfdeepsim.inversion_evaluation import evaluate_optimization

    settings = {
        field: arguments[name] for name, field in OPTIMIZATION_FLAGS.items() if name in arguments
    }
    evaluate_optimization(config, OptimizationSettings(seed=config.seed, **settings), folder)


def _check_flags(arguments: dict[str, Any]) -> None:
    accepted = {"by": "--by optimization", "invert": "--invert NAME:LAYER or a path"}
    for name, flags in accepted.items():
        if name not in arguments:
            raise InputError(
                "--invert and --by belong together", got=f"no {flag(name)}", accepted=flags
            )
    if arguments["by"] != "optimization":
        raise InputError(
            "unknown --by", got=arguments["by"], accepted="optimization; or the run of a generator"
        )
    allowed = (*CONFIG_FLAGS, *DATA)
    for name in (*TRAINING, "compare", *COMPARISON):
        if name in arguments and name not in allowed:
            raise InputError(
                f"{flag(name)} is not for an inversion by optimization",
                got=flag(name),
                accepted=", ".join(map(flag, (*CONFIG_FLAGS, *OPTIMIZATION_FLAGS))),
            )
    if arguments["encoders"]:
        raise InputError(
            "--by optimization takes no run",
            got=" ".join(arguments["encoders"]),
            accepted="runs without --by",
        )
