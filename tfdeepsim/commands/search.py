"""The command `python -m tuning.search`, installed as `tfdeepsim-search`."""

import argparse
import dataclasses
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfdeepsim.command_line import Parser, import_tensorflow, run_command
from tfdeepsim.commands.flags import DATA
from tfdeepsim.config import TrainConfig
from tfdeepsim.data import check_name
from tfdeepsim.errors import InputError
from tfdeepsim.files import slug
from tfdeepsim.flags import add_data_flags, add_flags
from tfdeepsim.options import DataOptions
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

The same command again goes on with a search that was interrupted or killed.

On a cluster, all machines see one folder and run the same command, each with
  KERASTUNER_TUNER_ID     chief on one machine, tuner0, tuner1, ... on others
  KERASTUNER_ORACLE_IP    address of the chief
  KERASTUNER_ORACLE_PORT  a free port of the chief
The chief hands out trials and reports; the others train (docs/search.md).
"""


def make_parser() -> Parser:
    """Every flag of the command."""
    parser = Parser(
        prog=COMMAND,
        description="Search the best probe on the embeddings of a run with keras-tuner: choose by\n"
        "validation loss, score once on test, beside the fixed suite of Pihlgren et al.",
        epilog=EPILOG,
    )
    parser.add_argument("run", metavar="RUN_DIR", help="folder that train.py made")
    add_flags(parser.add_argument_group("search"), SearchSettings, choices={"tuner": tuple(TUNERS)})
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
    given = {name: value for name, value in vars(arguments).items() if name in DATA}
    if "dataset" in given:
        check_name(given["dataset"])
    DataOptions(**given)
    run = RunDirectory(arguments.run)
    dataset = given.get("dataset") or TrainConfig.from_dict(run.read_config()).dataset
    directory = SearchDirectory(Path(arguments.directory or run.path / "search" / slug(dataset)))
    part = _part(arguments.workers)
    directory.check()
    # gRPC reports each connection on stderr.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        import_tensorflow()
        if part == "worker":
            from tfdeepsim.tuning.worker import work

            work(directory, settings)
        else:
            _search(run, given, settings, directory, arguments)
    except KeyboardInterrupt:
        again = shlex.join(argument for argument in argv if argument != "--overwrite")
        print(
            f"\ninterrupted; trials that ended are kept; go on with: {COMMAND} {again}",
            file=sys.stderr,
        )
        return 130
    return 0


def _part(workers: int) -> str:
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
    given: dict[str, Any],
    settings: SearchSettings,
    directory: SearchDirectory,
    arguments: argparse.Namespace,
) -> None:
    from tfdeepsim.evaluation import check_runs, data_of, evaluate, open_splits, probe_data
    from tfdeepsim.representations.trained_run import TrainedRun
    from tfdeepsim.tables import print_table
    from tfdeepsim.tuning.search import search
    from tfdeepsim.tuning.table import side_by_side

    configs = check_runs([run], given.get("dataset"))
    shape = run.read_environment()["dataset"]["image_shape"]
    options = data_of(configs, shape, given)
    splits = open_splits(options)
    representation = TrainedRun(run)
    with run.locked():
        data = probe_data(representation, options, splits)
    result = search(
        data.splits,
        data.task,
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
        dataset=data.dataset,
    )
    folder = run.results / slug(data.dataset)
    with run.locked():
        result.save(folder)
    suite = _suite(folder, data.fingerprint) or evaluate(
        [representation], options, splits, probes=("mlp",)
    )
    print_table(side_by_side(result, suite))
    print(f"trials: {directory.table}")
    print(f"best probe: {directory.best}")
    print(f"look at it: tensorboard --logdir {directory.tensorboard}")


def _suite(folder: Path, fingerprint: str) -> list[Score] | None:
    """Scores of the fixed suite, if it was evaluated on these embeddings."""
    from tfdeepsim.probes.result import read_result

    try:
        found = read_result(folder, "mlp")
    except InputError:
        return None
    return (
        found.scores if found.settings.get("asked", {}).get("embeddings") == fingerprint else None
    )
