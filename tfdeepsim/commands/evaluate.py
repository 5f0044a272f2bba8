"""The command `evaluate.py`, installed as `tfdeepsim-evaluate`."""

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfdeepsim.command_line import Parser, import_tensorflow, run_command
from tfdeepsim.commands.flags import DATA, TRAINING, add_training_flags, check_data, refuse_training
from tfdeepsim.commands.inversion import (
    OF_PROBES,
    OPTIMIZATION,
    add_optimization,
    are_inversions,
    invert,
    judge_inversions,
    refuse_probes,
)
from tfdeepsim.commands.report_folder import free
from tfdeepsim.config import FEATURE_FIELDS, LOSSES, TrainConfig
from tfdeepsim.data import check_name
from tfdeepsim.errors import InputError
from tfdeepsim.options import flag
from tfdeepsim.probes import check_fractions, check_probes
from tfdeepsim.representations import check_baselines

EPILOG = """examples:
  evaluate.py runs/ae runs/pvae --report-dir runs/report
  evaluate.py runs/ae clip.keras --dataset folder:photos --probes linear,knn
  evaluate.py runs/fc6 runs/fc7 --report-dir runs/inversions
  evaluate.py --invert alexnet:pool5 --by optimization \\
      --dataset zip:photos.zip --image-size 64 --report-dir runs/optimized
  evaluate.py --compare pixel,perceptual --comparator random_alexnet:relu2 \\
      --seeds 5 --dataset zip:photos.zip --epochs 10 --run-dir runs/verdict
"""


def make_parser() -> Parser:
    """Every flag of the command. Flags of training and data that are left out are absent from the
    result."""
    parser = Parser(
        prog="evaluate.py",
        description="Train probes on the embeddings of encoders and compare them in one table.",
        epilog=EPILOG,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument(
        "encoders",
        metavar="ENCODER",
        nargs="*",
        default=[],
        help="folder that train.py made; SavedModel; .keras file; folder of .npy embeddings",
    )
    add_optimization(parser.add_argument_group("inversion without training, beside --invert"))
    _add_probes(parser.add_argument_group("probes"))
    _add_table(parser.add_argument_group("table"))
    compare = parser.add_argument_group("comparison over seeds: trains the runs first")
    compare.add_argument("--compare", metavar="LOSSES", help="for example pixel,perceptual")
    compare.add_argument("--seeds", metavar="N", type=int, help="runs a loss (default: 5)")
    compare.add_argument("--run-dir", metavar="DIR", help="holds the runs and the report")
    compare.add_argument(
        "--dry-run", action="store_true", help="check all, say what it would cost, and stop"
    )
    add_training_flags(parser, loss=False)
    return parser


def _add_probes(probes: argparse._ArgumentGroup) -> None:
    probes.add_argument(
        "--probes", metavar="NAMES", default="mlp", help="of mlp, linear, knn, svm (default: mlp)"
    )
    probes.add_argument(
        "--probe-seeds",
        metavar="N",
        type=int,
        help="hosts of MLPs (default: 5; 2 an encoder with --compare)",
    )
    probes.add_argument(
        "--probe-epochs", metavar="N", type=int, default=500, help="at most, an MLP (default: 500)"
    )
    probes.add_argument(
        "--probe-patience",
        metavar="N",
        type=int,
        default=25,
        help="epochs without progress (default: 25)",
    )
    probes.add_argument(
        "--label-fractions",
        metavar="LIST",
        default="",
        help="curve over fewer labels, e.g. 0.01,0.1,1",
    )


def _add_table(table: argparse._ArgumentGroup) -> None:
    table.add_argument(
        "--baselines",
        metavar="NAMES",
        default="all",
        help="all | none | of pca, random_encoder, comparator_features, supervised (default: all)",
    )
    table.add_argument(
        "--decode",
        metavar="STEPS",
        type=int,
        help="train a decoder on each embedding, e.g. 1000, and show images",
    )
    table.add_argument(
        "--card", action="store_true", default=False, help="describe each embedding without labels"
    )
    table.add_argument(
        "--report-dir", metavar="DIR", help="write report.html, results.csv, figures there"
    )
    table.add_argument(
        "--overwrite", action="store_true", default=False, help="replace the report there"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code.
    """
    return run_command(_main, argv)


def _main(argv: Sequence[str]) -> None:
    parser = make_parser()
    given = vars(parser.parse_args(argv))
    asked = [
        name for name in OF_PROBES if name in given and given[name] != parser.get_default(name)
    ]
    given["probes"] = check_probes(given["probes"])
    given["baselines"] = check_baselines(given["baselines"])
    given["label_fractions"] = check_fractions(given["label_fractions"])
    if "dataset" in given:
        check_name(given["dataset"])
    command = shlex.join(["evaluate.py", *argv])
    if "by" in given or ("invert" in given and "compare" not in given):
        refuse_probes(asked)
        invert(given)
        return
    if extra := [name for name in OPTIMIZATION if name in given]:
        raise InputError(
            f"{flag(extra[0])} belongs to an inversion by optimization",
            got="no --by",
            accepted="--invert NAME:LAYER --by optimization",
        )
    if "compare" in given:
        _compare(given, command)
    elif are_inversions(given["encoders"]):
        refuse_probes(asked)
        judge_inversions(given)
    else:
        _evaluate(given, command)


def _evaluate(given: dict[str, Any], command: str) -> None:
    refuse_training(given, but=("external_range",))
    if not given["encoders"]:
        raise InputError(
            "there must be something to evaluate",
            got="no ENCODER",
            accepted="run folders, or --compare LOSSES",
        )
    folder = free(given)
    import_tensorflow()
    from tfdeepsim.comparison import EvaluationOptions, judge

    judge(
        given["encoders"],
        {name: value for name, value in given.items() if name in DATA},
        _asked(EvaluationOptions, given),
        folder,
        overwrite=given["overwrite"],
        command=command,
    )


def _compare(given: dict[str, Any], command: str) -> None:
    losses = _losses(given["compare"])
    if given["encoders"]:
        raise InputError(
            "--compare trains its own runs",
            got=" ".join(given["encoders"]),
            accepted="encoders without --compare",
        )
    if "run_dir" not in given:
        raise InputError(
            "a comparison needs a folder", got="no --run-dir", accepted="--run-dir DIR"
        )
    if given.get("task", "autoencoder") != "autoencoder":
        raise InputError(
            "--compare trains autoencoders",
            got=f"--task {given['task']}",
            accepted="no --task; or train.py",
        )
    configs = {loss: _config(loss, given) for loss in losses}
    for config in configs.values():
        check_data(config)
    folder = Path(given["run_dir"])
    report, overwrite = folder / "report", True  # a comparison's own report follows its runs
    if "report_dir" in given:
        report, overwrite = Path(given["report_dir"]), given["overwrite"]
        free(given)
    import_tensorflow()
    from tfdeepsim.comparison import EvaluationOptions, compare
    from tfdeepsim.study import Study

    study = Study(folder, configs, given.get("seeds", 5))
    asked = _asked(EvaluationOptions, given)
    compare(
        study,
        asked,
        report,
        overwrite=overwrite,
        dry_run=given.get("dry_run", False),
        command=command,
    )


def _losses(text: str) -> list[str]:
    losses = text.split(",")
    if len(losses) < 2 or len(set(losses)) < len(losses) or not set(losses) <= set(LOSSES):
        raise InputError(
            "--compare takes two losses or more",
            got=text,
            accepted="different ones of " + ", ".join(LOSSES),
        )
    return losses


def _config(loss: str, given: dict[str, Any]) -> TrainConfig:
    fields = {name: value for name, value in given.items() if name in (*DATA, *TRAINING)}
    if "feature" not in LOSSES[loss] and not fields.get("lambda_feat"):
        # These belong to the other losses of the comparison.
        for name in FEATURE_FIELDS:
            fields.pop(name, None)
    return TrainConfig(**fields, loss=loss)


def _asked(asked: Any, given: dict[str, Any]) -> Any:
    return asked(
        probes=given["probes"],
        probe_seeds=given.get("probe_seeds", 2 if "compare" in given else 5),
        probe_epochs=given["probe_epochs"],
        probe_patience=given["probe_patience"],
        fractions=given["label_fractions"],
        baselines=given["baselines"],
        decode=given.get("decode", 0),
        card=given["card"],
        external_range=given.get("external_range", "0-1"),
    )
