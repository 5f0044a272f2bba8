"""The command `evaluate.py`, installed as `tfdeepsim-evaluate`."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from tfdeepsim.commands.command import Parser, import_tensorflow, run_command
from tfdeepsim.data import check_name
from tfdeepsim.probes import PROBES, check_probe
from tfdeepsim.run import RunDirectory

EPILOG = """examples:
  evaluate.py runs/ae runs/pvae --probes mlp
  evaluate.py runs/ae runs/pvae --report-dir runs/report
"""


def make_parser() -> Parser:
    """Every flag of the command."""
    parser = Parser(
        prog="evaluate.py",
        description="Train probes on the embeddings of runs and compare them in one table.",
        epilog=EPILOG,
    )
    parser.add_argument("runs", metavar="RUN_DIR", nargs="+", help="folders that train.py made")
    parser.add_argument(
        "--probes", metavar="NAME", default="mlp", help=" | ".join(PROBES) + " (default: mlp)"
    )
    parser.add_argument("--seeds", metavar="N", type=int, default=5, help="hosts of probes (default: 5)")
    parser.add_argument(
        "--epochs", metavar="N", type=int, default=500, help="at most, a probe (default: 500)"
    )
    parser.add_argument(
        "--patience", metavar="N", type=int, default=25, help="epochs without progress (default: 25)"
    )
    parser.add_argument("--dataset", metavar="NAME", help="other images than the runs were trained on")
    parser.add_argument("--data-dir", metavar="DIR", help="where datasets are kept (default: the runs')")
    parser.add_argument("--report-dir", metavar="DIR", help="write report.html, results.csv, figures there")
    parser.add_argument("--overwrite", action="store_true", help="replace the report in --report-dir")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code.
    """
    return run_command(_main, argv)


def _main(argv: Sequence[str]) -> None:
    arguments = make_parser().parse_args(argv)
    check_probe(arguments.probes)
    if arguments.dataset:
        check_name(arguments.dataset)
    if arguments.report_dir:
        from tfdeepsim.report.write import check_free

        check_free(Path(arguments.report_dir), arguments.overwrite)
    import_tensorflow()
    from tfdeepsim.evaluation import check_runs, evaluate
    from tfdeepsim.probes.host import Host

    runs = [RunDirectory(path) for path in arguments.runs]
    host = Host(seeds=arguments.seeds, epochs=arguments.epochs, patience=arguments.patience)
    check_runs(runs, arguments.dataset)
    scores = evaluate(
        runs,
        host=host,
        dataset=arguments.dataset,
        data_dir=arguments.data_dir,
    )
    from tfdeepsim.report.table import print_table

    print_table(scores)
    if arguments.report_dir:
        from tfdeepsim.report.write import write_report

        page = write_report(
            runs,
            scores,
            Path(arguments.report_dir),
            arguments.probes,
            overwrite=arguments.overwrite,
            command=shlex.join(["evaluate.py", *argv]),
        )
        print(f"report: {page}")
