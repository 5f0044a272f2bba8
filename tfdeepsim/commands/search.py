"""The command `python -m tuning.search`, installed as `tfdeepsim-search`."""

import argparse
import dataclasses
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfdeepsim.command_line import Parser, import_tensorflow, run_command
from tfdeepsim.commands.flags import data_fields
from tfdeepsim.config import TrainConfig
from tfdeepsim.data import check_name
from tfdeepsim.errors import InputError
from tfdeepsim.files import slug
from tfdeepsim.flags import add_data_flags, add_flags
from tfdeepsim.options import DataOptions
from tfdeepsim.probes import PROBE_SETTINGS
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score
from tfdeepsim.tuning import TUNERS
from tfdeepsim.tuning.cluster import role
from tfdeepsim.tuning.directory import SearchDirectory
from tfdeepsim.tuning.settings import SearchSettings

COMMAND = "python -m tuning.search"
EPILOG = """examples:
  python -m tuning.search runs/pvae
  python -m tuning.search runs/pvae --tuner bayesian --trials 60 --workers 2
  python -m tuning.search runs/pvae --tuner grid --dry-run

The same command resumes a search that was interrupted or killed.

On a cluster, all machines see one folder and run the same command, each with
  KERASTUNER_TUNER_ID     chief on one machine, tuner0, tuner1, ... on others
  KERASTUNER_ORACLE_IP    address of the chief
  KERASTUNER_ORACLE_PORT  a free port of the chief
The chief hands out trials and reports; the others train (docs/probe_search.md).
"""


def make_parser() -> Parser:
    """The parser of the command; flags of the search and of the dataset that are not given are
    absent from the parsed arguments."""
    parser = Parser(
        prog=COMMAND,
        usage=f"{COMMAND} RUN_DIR [flags]",
        description="Search for the best probe on the embeddings of a run with keras-tuner:\n"
        "choose by validation loss, and evaluate the best once on the test images,\n"
        "beside the fixed suite of probes of Pihlgren et al. 2020.",
        epilog=EPILOG,
    )
    parser.add_argument("run", metavar="RUN_DIR", help="Run directory of train.py")
    choices = {"tuner": tuple(TUNERS), "probe_settings": tuple(PROBE_SETTINGS)}
    add_flags(parser.add_argument_group("search"), SearchSettings, choices=choices)
    run = parser.add_argument_group("run of the search")
    run.add_argument(
        "--directory",
        metavar="DIR",
        help="Folder of the search (default: RUN_DIR/search/DATASET)",
    )
    run.add_argument("--overwrite", action="store_true", help="Replace the search in --directory")
    run.add_argument(
        "--workers",
        metavar="N",
        type=int,
        default=0,
        help="Number of processes that share the trials (default: 0, this process alone)",
    )
    run.add_argument(
        "--dry-run", action="store_true", help="Embed, check everything, print the cost, and stop"
    )
    data = parser.add_argument_group("data (default: as the run was trained)")
    add_flags(data, DataOptions, ["dataset"], defaults=False)
    add_data_flags(data, defaults=False)
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
    arguments = make_parser().parse_args(argv)
    names = {field.name for field in dataclasses.fields(SearchSettings)}
    settings = SearchSettings(
        **{name: value for name, value in vars(arguments).items() if name in names}
    )
    data = data_fields(vars(arguments))
    if "dataset" in data:
        check_name(data["dataset"])
    DataOptions(**data)  # which checks the values
    run = RunDirectory(arguments.run)
    dataset = data.get("dataset") or TrainConfig.from_dict(run.read_config()).dataset
    directory = SearchDirectory(Path(arguments.directory or run.path / "search" / slug(dataset)))
    part_in_cluster = _part_in_cluster(arguments.workers)
    directory.check()
    # gRPC reports each connection on stderr.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        import_tensorflow()
        if part_in_cluster == "worker":
            from tfdeepsim.tuning.worker import run_worker

            run_worker(directory, settings)
        else:
            _search(run, data, settings, directory, arguments)
    except KeyboardInterrupt as interrupt:
        again = shlex.join(argument for argument in argv if argument != "--overwrite")
        raise type(interrupt)(
            f"{str(interrupt) or 'interrupted'}; trials that ended are kept; "
            f"resume with: {COMMAND} {again}"
        ) from None
    return 0


def _part_in_cluster(workers: int) -> str:
    part = role()
    if not 0 <= workers <= 256:
        raise InputError("--workers is out of range", got=workers, accepted="0 to 256")
    if workers and part != "alone":
        raise InputError(
            "--workers starts a chief of its own",
            got=f"--workers {workers} and the environment variables of a cluster",
            accepted="one of the two",
        )
    return part


def _search(
    run: RunDirectory,
    data: dict[str, Any],
    settings: SearchSettings,
    directory: SearchDirectory,
    arguments: argparse.Namespace,
) -> None:
    from tfdeepsim.evaluation import (
        data_options,
        evaluate,
        open_splits,
        probe_data,
        trained_runs,
    )
    from tfdeepsim.probes.mlp.suite import MlpSuite
    from tfdeepsim.report.label_notes import notes_of
    from tfdeepsim.tables import print_table
    from tfdeepsim.tuning.search import search
    from tfdeepsim.tuning.table import side_by_side

    (representation,) = trained_runs([run], data.get("dataset"))
    shape = run.read_environment()["dataset"]["image_shape"]
    options = data_options([representation.config], shape, data)
    splits = open_splits(options)
    with run.locked():
        embeddings = probe_data(representation, options, splits)
    result = search(
        embeddings.splits,
        embeddings.task,
        settings,
        directory,
        workers=arguments.workers,
        overwrite=arguments.overwrite,
        dry_run=arguments.dry_run,
    )
    if result is None:
        return
    result = result.of_run(
        run=representation.name,
        model=representation.model,
        loss=representation.loss,
        comparator=representation.comparator,
        dataset=embeddings.dataset,
    )
    folder = run.results / slug(embeddings.dataset)
    with run.locked():
        result.save(folder)
    suite = MlpSuite(**PROBE_SETTINGS[settings.probe_settings])
    scores = _stored_suite(folder, embeddings.fingerprint, suite.settings) or evaluate(
        [representation], options, splits, probes=("mlp",), suite=suite
    )
    score = dataclasses.replace(
        result.scores[0],
        saw_labels=representation.saw_labels,
        encoder_saw_labels=representation.encoder_saw_labels,
    )
    print_table(side_by_side(result, scores, notes_of(score)))
    print(f"trials: {directory.table}")
    print(f"best probe: {directory.best}")
    print(f"curves: tensorboard --logdir {directory.tensorboard}")


def _stored_suite(folder: Path, fingerprint: str, suite: dict[str, Any]) -> list[Score] | None:
    """Scores of the fixed suite in the results of a run; None if there are none of these
    embeddings and probe settings.

    Args:
        folder: Folder of the results on the dataset.
        fingerprint: Fingerprint of the embeddings.
        suite: Settings of the suite; the stored scores may differ in those that
            `--probe-settings` does not decide.
    """
    from tfdeepsim.probes.result import read_result

    try:
        result = read_result(folder, "mlp")
    except InputError:
        return None
    requested = result.settings.get("asked") or {}
    stored = requested.get("suite") or {}
    names = {name for fields in PROBE_SETTINGS.values() for name in fields}
    same = all(stored.get(name) == suite.get(name) for name in names)
    return result.scores if same and requested.get("embeddings") == fingerprint else None
