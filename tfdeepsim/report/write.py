"""Writing a report: the page, tables and figures, all of them or none."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.report.embedded_images import EmbeddedImages
from tfdeepsim.report.figures.gallery import NAMES, draw_all
from tfdeepsim.report.naming import listed
from tfdeepsim.report.page import page
from tfdeepsim.report.record import read_records
from tfdeepsim.report.row_comparison import compare_rows
from tfdeepsim.report.score_table import scores_markdown
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
    shown: EmbeddedImages | None = None,
) -> Path:
    """Write `report.html`, `results.csv`, `results.md` and `figures/*.png` into `folder`.

    Everything is checked and drawn before the first file is written; if that fails, the folder
    stays as it was. Without scores there are no tables.

    Args:
        rows: Name of each row (`Score.run`), in the order shown, to the folder whose files are
            shown: that of a run (of the first run, if the row stands for several seeds), of a
            baseline or of an external encoder. Baselines are shown last.
        scores: Scores on one dataset, one or more for each row; empty if the dataset has no labels.
        folder: Folder that the files are written to; it is created if it does not exist.
        probe: Name of the probe whose predictions are shown.
        overwrite: Whether an earlier report is replaced.
        command: Command line that is shown on the page.
        missing_baselines: Sentences that say which baselines are missing and why.
        dataset: Dataset that the rows are compared on, if there are no scores; None for that of the
            first run.
        class_names: Names of the classes 0, 1, ...; empty for those that the runs recorded of the
            dataset that they were trained on.
        shown: Test images on the maps of the embeddings; None for no maps.

    Returns:
        The path of `report.html`.

    Raises:
        InputError: If a row has no score with this probe, if a score belongs to no row, if the
            scores are of several datasets, if a run has no config, or as for `check_free`.
    """
    folder = Path(folder)
    check_free(folder, overwrite)
    scores = _in_order(rows, scores, probe) if scores else []
    comparisons = compare_rows(scores) if scores else []
    dataset = comparisons[0].dataset if comparisons else _dataset(rows, dataset)
    records = read_records(rows, scores, dataset, probe, class_names)
    pictures = draw_all(records, comparisons[0] if comparisons else None, shown)
    contents = {
        f"figures/{picture.name}.png": picture.png
        for picture in pictures
        if picture.png is not None
    }
    if comparisons:
        contents["results.md"] = scores_markdown(scores, missing_baselines).encode()
    contents["report.html"] = page(
        dataset, records, comparisons, pictures, command, missing_baselines
    ).encode()
    _replace(folder, contents, scores)
    return folder / "report.html"


def _replace(folder: Path, contents: Mapping[str, bytes], scores: Sequence[Score]) -> None:
    """Write all files, and delete those of an earlier report that this one does not have."""
    names = [
        "report.html",
        *(["results.csv"] if scores else []),
        *(name for name in contents if name != "report.html"),
    ]
    with contextlib.ExitStack() as stack:
        # The files take their places when the stack unwinds, after all have been written. The page
        # is the last.
        new = {name: stack.enter_context(replacing(folder / name)) for name in names}
        if scores:
            write_csv(new["results.csv"], scores)
        for name, content in contents.items():
            new[name].write_bytes(content)
    for name in _FILES:
        if name not in names:
            (folder / name).unlink(missing_ok=True)


def check_free(folder: Path, overwrite: bool = False, names: Sequence[str] = _FILES) -> None:
    """Check that a report can be written into a folder; changes nothing.

    Args:
        folder: As for `write_report`.
        overwrite: As for `write_report`.
        names: Names of the files that will be written.

    Raises:
        InputError: If a file of a report exists and `overwrite` is false, or the folder cannot be
            written.
    """
    folder = Path(folder)
    for path in (folder / name for name in names):
        if path.is_dir() or (path.exists() and not overwrite):
            raise InputError(
                "a report replaces files with --overwrite only",
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
            got=f"none of probe {printable(probe)} for {listed(list(map(printable, without)))}",
            accepted="runs that evaluate.py has scored with that probe",
        )
    if unknown := [score.run for score in scores if score.run not in names]:
        raise InputError(
            "every score in a report belongs to one of its runs",
            got=f"a score of {printable(unknown[0])}",
            accepted=listed(list(map(printable, names))),
        )
    return sorted(scores, key=lambda s: (s.probe != probe, s.is_baseline, names.index(s.run)))


def _dataset(rows: Mapping[str, RunDirectory], dataset: str | None) -> str:
    """The dataset of a report without scores."""
    if not rows:
        raise InputError("a report needs rows", got="none", accepted="one run or more")
    if dataset is None:
        configs = [run.read_config() for run in rows.values() if run.config.is_file()]
        dataset = next((str(config.get("dataset")) for config in configs), None)
    if dataset is None:
        raise InputError(
            "a report needs the name of its dataset",
            got="neither scores nor a run",
            accepted="the dataset's name",
        )
    return dataset
