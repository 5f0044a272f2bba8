"""Writing a report: page, tables and figures, all of them or none."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from tfdeepsim.errors import InputError
from tfdeepsim.report.comparison import compare
from tfdeepsim.report.figures.gallery import NAMES, draw_all
from tfdeepsim.report.naming import listed, printable
from tfdeepsim.report.page import page
from tfdeepsim.report.record import Record, read_record
from tfdeepsim.report.table import markdown_table
from tfdeepsim.run import RunDirectory, replacing
from tfdeepsim.scores import Score, write_csv

_TABLES = ("results.csv", "results.md")
_FIGURES = tuple(f"figures/{name}.png" for name in NAMES)


def write_report(
    runs: Sequence[RunDirectory],
    scores: Sequence[Score],
    folder: Path,
    probe: str,
    overwrite: bool = False,
    command: str = "",
) -> Path:
    """Write `report.html`, `results.csv`, `results.md` and `figures/*.png` into `folder`.

    Everything is drawn and checked first; a refusal or a failure leaves the folder's files as they were.

    Args:
        runs: The runs, in the order in which they are shown.
        scores: Their scores on one dataset, one or more for each run.
        folder: Made if it does not exist.
        probe: Whose predictions are shown.
        overwrite: Replace an earlier report.
        command: The command line, shown on the page.

    Returns:
        The path of `report.html`.

    Raises:
        InputError: If a run has no score with this probe, a score's run is not given, runs share a name,
            scores are of several datasets, a run has no config, or as for `check_free`.
    """
    folder = Path(folder)
    check_free(folder, overwrite)
    scores = _in_order(runs, scores, probe)
    comparisons = compare(scores)
    records = _read(runs, scores)
    pictures = draw_all(records)
    drawn = {f"figures/{picture.name}.png": picture.png for picture in pictures if picture.png is not None}

    text = page(records, comparisons, pictures, command)

    with contextlib.ExitStack() as stack:
        # Each file takes its place when the stack unwinds, after all have been written; the page last.
        new = {
            name: stack.enter_context(replacing(folder / name)) for name in ("report.html", *_TABLES, *drawn)
        }
        for name, png in drawn.items():
            new[name].write_bytes(png)
        write_csv(new["results.csv"], scores)
        new["results.md"].write_text(markdown_table(scores), encoding="utf-8")
        new["report.html"].write_text(text, encoding="utf-8")
    for name in _FIGURES:
        if name not in drawn:
            (folder / name).unlink(missing_ok=True)  # of the report that was replaced
    return folder / "report.html"


def check_free(folder: Path, overwrite: bool = False) -> None:
    """Check that a report could be written; changes nothing.

    Args:
        folder: As for `write_report`.
        overwrite: As for `write_report`.

    Raises:
        InputError: If a file of a report exists and `overwrite` is false, or the folder cannot be written.
    """
    folder = Path(folder)
    for path in (folder / name for name in ("report.html", *_TABLES, *_FIGURES)):
        if path.is_dir() or (path.exists() and not overwrite):
            raise InputError(
                "a report overwrites files only when told to",
                got=f"{path}, which exists",
                accepted="another folder, or --overwrite",
            )
    for place in (folder, folder / "figures"):
        parent = next(path for path in (place, *place.parents) if path.exists())
        if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
            raise InputError(
                "a report needs a writable folder", got=parent, accepted="a folder that this user may write"
            )


def _in_order(runs: Sequence[RunDirectory], scores: Sequence[Score], probe: str) -> list[Score]:
    """The scores in the order of the runs, those with `probe` first."""
    names = [run.name for run in runs]
    if len(set(names)) < len(names):
        raise InputError(
            "runs in one report have different names",
            got=listed([printable(name) for name in names]),
            accepted="each run once; rename one of two folders of the same name",
        )
    scored = {score.run for score in scores if score.probe == probe}
    if without := [name for name in names if name not in scored]:
        raise InputError(
            "every run in a report has scores",
            got=f"none of probe {printable(probe)} for {listed([printable(name) for name in without])}",
            accepted="runs that evaluate.py has scored with that probe",
        )
    if unknown := [score.run for score in scores if score.run not in names]:
        raise InputError(
            "every score in a report belongs to one of its runs",
            got=f"a score of {printable(unknown[0])}",
            accepted=listed([printable(name) for name in names]),
        )
    return sorted(scores, key=lambda score: (score.probe != probe, names.index(score.run)))


def _read(runs: Sequence[RunDirectory], scores: Sequence[Score]) -> list[Record]:
    first = {score.run: score for score in reversed(scores)}
    return [read_record(run, first[run.name]) for run in runs]
