"""The command `evaluate.py`, installed as `tfdeepsim-evaluate`."""

import argparse
import dataclasses
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfdeepsim.command_line import Parser, import_tensorflow, run_command
from tfdeepsim.commands.flags import (
    DATA,
    TRAINING,
    add_training_flags,
    check_data,
    data_fields,
    refuse_training_flags,
)
from tfdeepsim.commands.inversion import (
    OPTIMIZATION_FLAGS,
    PROBE_FLAGS,
    add_optimization_flags,
    evaluate_inversions,
    has_inversion_run,
    invert_by_optimization,
    refuse_probe_flags,
)
from tfdeepsim.commands.precision import announced_precision, take_auto, warn_of_slow_precision
from tfdeepsim.commands.report_folder import free_report_folder
from tfdeepsim.config import TrainConfig
from tfdeepsim.config.defaults import FEATURE_FIELDS, LOSSES
from tfdeepsim.data import check_name
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.errors import InputError
from tfdeepsim.evaluation_options import EvaluationOptions
from tfdeepsim.flags import Arguments, add_flags
from tfdeepsim.options import flag
from tfdeepsim.probes import (
    PROBE_SETTINGS,
    PROBES,
    check_fractions,
    check_probe_settings,
    check_probes,
)
from tfdeepsim.representations import BASELINE_NAMES, check_baselines

EPILOG = """examples:
  evaluate.py runs/ae runs/pvae --report-dir runs/report
  evaluate.py runs/ae clip.keras --dataset folder:photos --probes linear,knn
  evaluate.py runs/fc6 runs/fc7 --report-dir runs/inversions
  evaluate.py --invert alexnet:pool5 --by optimization \\
      --dataset zip:photos.zip --image-size 64 --report-dir runs/optimized
  evaluate.py --compare pixel,perceptual --comparator random_alexnet:relu2 \\
      --seeds 5 --dataset zip:photos.zip --epochs 10 --run-dir runs/verdict
"""
DEFAULTS = {field.name: field.default for field in dataclasses.fields(EvaluationOptions)}
SEEDS = 5
"""Default of `--seeds`."""
PROBE_SEEDS = 2
"""Default of `--probe-seeds` with `--compare`, where each loss has several encoders."""


def make_parser() -> Parser:
    """The parser of the command; flags that are not given are absent from the parsed arguments,
    except for `encoders` and `overwrite`."""
    parser = Parser(
        prog="evaluate.py",
        usage="evaluate.py ENCODER ... [flags]\n"
        "       evaluate.py --compare LOSSES --run-dir DIR [flags]\n"
        "       evaluate.py --invert NETWORK --by optimization [flags]",
        description="Train probes on the embeddings of encoders and compare them in one table.",
        epilog=EPILOG,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument(
        "encoders",
        metavar="ENCODER",
        nargs="*",
        default=[],
        help="Run directory of train.py, SavedModel, .keras file, or folder of .npy embeddings",
    )
    add_optimization_flags(parser.add_argument_group("inversion without training, with --invert"))
    accepted = {
        "probes": f"some of {','.join(PROBES)}",
        "probe_seeds": f"with --compare by default {PROBE_SEEDS}",
        "baselines": f"all, none, or some of {', '.join(BASELINE_NAMES)}",
    }
    metavars = {
        "probes": "NAMES",
        "label_fractions": "X,X",
        "baselines": "NAMES",
        "decode": "STEPS",
    }
    choices = {"probe_settings": tuple(PROBE_SETTINGS)}
    groups = {
        "probes": (
            "probes",
            "probe_seeds",
            "probe_epochs",
            "probe_patience",
            "probe_settings",
            "label_fractions",
        ),
        "table": ("baselines", "decode", "card"),
    }
    for title, names in groups.items():
        group = parser.add_argument_group(title)
        add_flags(
            group, EvaluationOptions, names, metavars=metavars, choices=choices, accepted=accepted
        )
    report = parser.add_argument_group("report")
    report.add_argument(
        "--report-dir",
        metavar="DIR",
        help="Folder that report.html, results.csv and figures are written to",
    )
    report.add_argument(
        "--overwrite", action="store_true", default=False, help="Replace an earlier report"
    )
    _add_comparison(parser.add_argument_group("comparison over seeds, which trains the runs first"))
    add_training_flags(parser, loss=False)
    return parser


def _add_comparison(parser: Arguments) -> None:
    parser.add_argument(
        "--compare", metavar="LOSSES", help="Losses to compare, for example pixel,perceptual"
    )
    parser.add_argument(
        "--seeds", metavar="N", type=int, help=f"Number of runs of each loss (default: {SEEDS})"
    )
    parser.add_argument(
        "--run-dir", metavar="DIR", help="Folder that the runs and the report are written to"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="Check everything, print the cost, and stop"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Arguments of the command line; None for those of the process.

    Returns:
        The exit code.
    """
    return run_command(_main, argv)


def _main(argv: Sequence[str]) -> None:
    arguments = vars(make_parser().parse_args(argv))
    lists = {
        "probes": check_probes,
        "probe_settings": check_probe_settings,
        "baselines": check_baselines,
        "label_fractions": check_fractions,
    }
    for name, parse in lists.items():
        if name in arguments:
            arguments[name] = parse(arguments[name])
    if "dataset" in arguments:
        check_name(arguments["dataset"])
    probe_flags = [
        name for name in PROBE_FLAGS if arguments.get(name, DEFAULTS[name]) != DEFAULTS[name]
    ]
    command = shlex.join(["evaluate.py", *argv])
    if "by" in arguments or ("invert" in arguments and "compare" not in arguments):
        refuse_probe_flags(probe_flags)
        invert_by_optimization(arguments)
        return
    if names := [name for name in OPTIMIZATION_FLAGS if name in arguments]:
        raise InputError(
            f"{flag(names[0])} belongs to an inversion by optimization",
            got="no --by",
            accepted="--invert NAME:LAYER --by optimization",
        )
    if "compare" in arguments:
        _compare(arguments, command)
    elif has_inversion_run(arguments["encoders"]):
        refuse_probe_flags(probe_flags)
        evaluate_inversions(arguments)
    else:
        _evaluate(arguments, command)


def _evaluate(arguments: dict[str, Any], command: str) -> None:
    refuse_training_flags(arguments, allowed=("external_range",))
    if not arguments["encoders"]:
        raise InputError(
            "there must be something to evaluate",
            got="no ENCODER",
            accepted="run folders, or --compare LOSSES",
        )
    folder = free_report_folder(arguments)
    import_tensorflow()
    from tfdeepsim.comparison import compare_encoders

    compare_encoders(
        arguments["encoders"],
        data_fields(arguments),
        _options(arguments),
        folder,
        overwrite=arguments["overwrite"],
        command=command,
    )


def _compare(arguments: dict[str, Any], command: str) -> None:
    losses = _losses(arguments["compare"])
    _check_comparison(arguments)
    is_auto = take_auto(arguments)
    configs = {loss: _config(loss, arguments) for loss in losses}
    # Losses differ, their data do not.
    data = LazyDataset(configs[losses[0]])
    for config in configs.values():
        check_data(config, data)
    folder = Path(arguments["run_dir"])
    # The comparison's own report is replaced whenever the command is repeated.
    report, overwrite = folder / "report", True
    if "report_dir" in arguments:
        report, overwrite = Path(arguments["report_dir"]), arguments["overwrite"]
        free_report_folder(arguments)
    import_tensorflow()
    if is_auto:
        precision = announced_precision(folder)
        configs = {
            loss: dataclasses.replace(config, precision=precision)
            for loss, config in configs.items()
        }
    else:
        warn_of_slow_precision(arguments.get("precision"))
    from tfdeepsim.comparison import compare_losses
    from tfdeepsim.study import Study

    compare_losses(
        Study(folder, configs, arguments.get("seeds", SEEDS), data),
        _options({"probe_seeds": PROBE_SEEDS} | arguments),
        report,
        overwrite=overwrite,
        dry_run=arguments.get("dry_run", False),
        command=command,
    )


def _check_comparison(arguments: dict[str, Any]) -> None:
    if arguments["encoders"]:
        raise InputError(
            "--compare trains its own runs",
            got=" ".join(arguments["encoders"]),
            accepted="encoders without --compare",
        )
    if "run_dir" not in arguments:
        raise InputError(
            "a comparison needs a folder", got="no --run-dir", accepted="--run-dir DIR"
        )
    if arguments.get("task", "autoencoder") != "autoencoder":
        raise InputError(
            "--compare trains autoencoders",
            got=f"--task {arguments['task']}",
            accepted="no --task; or train.py",
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


def _config(loss: str, arguments: dict[str, Any]) -> TrainConfig:
    fields = {name: value for name, value in arguments.items() if name in (*DATA, *TRAINING)}
    if "feature" not in LOSSES[loss] and not fields.get("lambda_feat"):
        # The flags of the feature term are for the other losses of the comparison.
        for name in FEATURE_FIELDS:
            fields.pop(name, None)
    return TrainConfig(**fields, loss=loss)


def _options(arguments: dict[str, Any]) -> EvaluationOptions:
    return EvaluationOptions(
        **{name: value for name, value in arguments.items() if name in DEFAULTS}
    )
