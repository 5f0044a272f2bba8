"""Writing a report: page, tables and figures, all of them or none."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.report.figures.gallery import NAMES, draw_all
from tfdeepsim.report.naming import listed
from tfdeepsim.report.page import page
from tfdeepsim.report.record import read_records
from tfdeepsim.report.score_table import scores_markdown
from tfdeepsim.report.significance import compare
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score, write_csv
from tfdeepsim.tables import printable

_FILES = ("report.html", "results.csv", "results.md", *(f"figures/{name}.png" for name in NAMES))


def write_report(
    rows: Mapping[str, RunDirectory],
    scores: Sequence[Score],
    folder: Path,
    probe: str,
    *,
    overwrite: bool = False,
    command: str = "",
    missing_baselines: Sequence[str] = (),
    dataset: str | None = None,
    class_names: Sequence[str] = (),
) -> Path:
    """Write `report.html`, `results.csv`, `results.md` and `figures/*.png` into `folder`.

    Everything is drawn and checked first; a refusal or a failure leaves the folder's files as they
    were. Without scores there are no tables.

    Args:
        rows: By the name of each row (`Score.run`), in the order in which they are shown, the
            folder whose files are shown: of a run (of the first one, where a row is several seeds),
            of a baseline or of an external encoder. Baselines are shown last.
        scores: Their scores on one dataset, one or more for each row; empty where there are no
            labels.
        folder: Made if it does not exist.
        probe: Whose predictions are shown.
        overwrite: Replace an earlier report.
        command: The command line, shown on the page.
        missing_baselines: Sentences on baselines that are not there, printed under the table.
        dataset: On what the rows are compared, needed only without scores; None for that of the
            first run.
        class_names: Of the classes 0, 1, ...; empty for what the runs recorded of the dataset that
            they were trained on.

    Returns:
        The path of `report.html`.

    Raises:
        InputError: If a row has no score with this probe, a score's row is not given, scores are of
            several datasets, a run has no config, or as for `check_free`.
    """
    folder = Path(folder)
    check_free(folder, overwrite)
    scores = _in_order(rows, scores, probe) if scores else []
    comparisons = compare(scores) if scores else []
    dataset = comparisons[0].dataset if comparisons else _dataset(rows, dataset)
    records = read_records(rows, scores, dataset, probe, class_names)
    pictures = draw_all(records, comparisons[0] if comparisons else None)
    made = {
        f"figures/{picture.name}.png": picture.png
        for picture in pictures
        if picture.png is not None
    }
    if comparisons:
        made["results.md"] = scores_markdown(scores, missing_baselines).encode()
    made["report.html"] = page(
        dataset, records, comparisons, pictures, command, missing_baselines
    ).encode()
    _replace(folder, made, scores)
    return folder / "report.html"


def _replace(folder: Path, made: Mapping[str, bytes], scores: Sequence[Score]) -> None:
    """Put all files in their place, and take away those of an earlier report that this one has
    not."""
    names = [
        "report.html",
        *(["results.csv"] if scores else []),
        *(n for n in made if n != "report.html"),
    ]
    with contextlib.ExitStack() as stack:
        # Each file takes its place when the stack unwinds, after all have been written; the page
        # last.
        new = {name: stack.enter_context(replacing(folder / name)) for name in names}
        if scores:
            write_csv(new["results.csv"], scores)
        for name, content in made.items():
            new[name].write_bytes(content)
    for name in _FILES:
        if name not in names:
            (folder / name).unlink(missing_ok=True)


def check_free(folder: Path, overwrite: bool = False, names: Sequence[str] = _FILES) -> None:
    """Check that a report could be written; changes nothing.

    Args:
        folder: As for `write_report`.
        overwrite: As for `write_report`.
        names: Of the files.

    Raises:
        InputError: If a file of a report exists and `overwrite` is false, or the folder cannot be
            written.
    """
    folder = Path(folder)
    for path in (folder / name for name in names):
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
                "a report needs a writable folder",
                got=parent,
                accepted="a folder that this user may write",
            )


def _in_order(rows: Mapping[str, RunDirectory], scores: Sequence[Score], probe: str) -> list[Score]:
    """The scores in the order of the rows, those with `probe` first, baselines last."""
    names = list(rows)
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
    return sorted(scores, key=lambda s: (s.probe != probe, s.is_baseline, names.index(s.run)))


def _dataset(rows: Mapping[str, RunDirectory], dataset: str | None) -> str:
    """The name of a dataset without labels."""
    if not rows:
        raise InputError("a report needs rows", got="none", accepted="one run or more")
    if dataset is None:
        configs = [run.read_config() for run in rows.values() if run.config.is_file()]
        dataset = next((str(config.get("dataset")) for config in configs), None)
    if dataset is None:
        raise InputError(
            "a report names its dataset",
            got="neither scores nor a run",
            accepted="the dataset's name",
        )
    return dataset
