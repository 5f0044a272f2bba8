"""What `evaluate.py` does with inversions: runs of them compared, or a network inverted without
training."""

import argparse
from collections.abc import Sequence
from typing import Any

from tfdeepsim.command_line import import_tensorflow
from tfdeepsim.commands.flags import DATA, TRAINING, check_data, refuse_training
from tfdeepsim.commands.report_folder import free
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.options import flag
from tfdeepsim.run import RunDirectory

INVERTED = ("invert", "invert_weights", "external_range", "seed")
"""Fields of training that an inversion by optimisation takes too."""
INVERSION_FILES = ("inversions.csv", "inversions.md", "inversions.png")
OPTIMIZATION = ("method", "opt_steps", "tv", "jitter")
OF_PROBES = (
    *(
        "probes",
        "probe_seeds",
        "probe_epochs",
        "probe_patience",
        "label_fractions",
        "baselines",
        "decode",
    ),
    "card",
)
"""Flags for embeddings, which an inversion has none of."""


def add_optimization(inversion: argparse._ArgumentGroup) -> None:
    """Add the flags of an inversion without training."""
    inversion.add_argument(
        "--by", metavar="NAME", help="optimization: an image is searched for each"
    )
    inversion.add_argument("--method", metavar="NAME", help="momentum | lbfgs (default: momentum)")
    inversion.add_argument(
        "--opt-steps", metavar="N", type=int, help="steps an image (default: 300)"
    )
    inversion.add_argument(
        "--tv", metavar="X", type=float, help="weight of the total-variation prior (default: 300)"
    )
    inversion.add_argument(
        "--jitter", metavar="N", type=int, help="pixels of random shift (default: 0)"
    )


def refuse_probes(asked: Sequence[str]) -> None:
    """Refuse flags of embeddings beside an inversion."""
    if asked:
        raise InputError(
            f"{flag(asked[0])} is for embeddings",
            got="an inversion, which has none",
            accepted="runs of --task autoencoder",
        )


def are_inversions(encoders: Sequence[str]) -> bool:
    """Whether one of some runs is of `--task inversion`; then all must be."""
    runs = [RunDirectory(path) for path in encoders]
    return any(
        run.config.is_file() and run.read_config().get("task") == "inversion" for run in runs
    )


def judge_inversions(given: dict[str, Any]) -> None:
    """Compare runs of `--task inversion`."""
    refuse_training(given)
    folder = free(given, INVERSION_FILES)
    import_tensorflow()
    from tfdeepsim.inversion_evaluation import judge_runs

    judge_runs(
        given["encoders"], {name: value for name, value in given.items() if name in DATA}, folder
    )


def invert(given: dict[str, Any]) -> None:
    """Invert a network by optimisation."""
    for name, accepted in (
        ("by", "--by optimization"),
        ("invert", "--invert NAME:LAYER or a path"),
    ):
        if name not in given:
            raise InputError(
                "--invert and --by belong together", got=f"no {flag(name)}", accepted=accepted
            )
    if given["by"] != "optimization":
        raise InputError(
            "unknown --by", got=given["by"], accepted="optimization; or the run of a generator"
        )
    allowed = (*INVERTED, *DATA)
    forbidden = [
        name
        for name in (*TRAINING, "compare", "seeds", "run_dir", "dry_run")
        if name not in allowed
    ]
    if extra := [name for name in forbidden if name in given]:
        raise InputError(
            f"{flag(extra[0])} is not for an inversion by optimization",
            got=flag(extra[0]),
            accepted=", ".join(map(flag, (*INVERTED, *OPTIMIZATION))),
        )
    if given["encoders"]:
        raise InputError(
            "--by optimization takes no run",
            got=" ".join(given["encoders"]),
            accepted="runs without --by",
        )
    config = TrainConfig(
        task="inversion", **{name: given[name] for name in allowed if name in given}
    )
    folder = free(given, INVERSION_FILES)
    check_data(config)
    from tfdeepsim.inversion.optimization import Settings
    from tfdeepsim.inversion_evaluation import judge_optimization

    named = dict(zip(OPTIMIZATION, ("method", "steps", "tv_weight", "jitter"), strict=True))
    settings = Settings(
        seed=config.seed, **{named[name]: given[name] for name in named if name in given}
    )
    judge_optimization(config, settings, folder)
