"""The error of a linear probe after each epoch of its encoder: a figure, a file and a table."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rich.console

from tfdeepsim.files import replacing
from tfdeepsim.report.figures.probe_curves import probe_curves
from tfdeepsim.report.run_files import read_history
from tfdeepsim.scores import Score, interval
from tfdeepsim.study import Study
from tfdeepsim.tables import Table, print_table

SHOWN = (1, 2, 3, 5, 8, 12, 18, 25, 40)
"""Epochs in the printed table."""
COLUMN = "val_probe_l1"


def report_curves(
    study: Study, scores: Sequence[Score], folder: Path, console: rich.console.Console
) -> None:
    """Write `curves.csv` and `curves.png`, and print the table.

    Args:
        study: Finished runs of LLv2 with `probe_every` 1.
        scores: Scores of the study, for chance.
        folder: Folder for the files.
        console: Where the table is printed.
    """
    curves = errors_by_epoch(study)
    write_curves(folder / "curves.csv", curves)
    chance = next(score.chance for score in scores if score.metric == "l1")
    with replacing(folder / "curves.png") as part:
        part.write_bytes(probe_curves(curves, chance))
    print_table(curve_table(curves), console)
    console.print(f"curves: {folder / 'curves.png'}", soft_wrap=True)


def errors_by_epoch(study: Study) -> dict[str, np.ndarray]:
    """Error of the linear probe, mean L1, float64 `[seeds, epochs]` by the name of a row."""
    return {
        name: np.stack(
            [read_history(study.run(name, number).history)[COLUMN] for number in range(study.seeds)]
        )
        for name in study.configs
    }


def write_curves(path: Path, curves: dict[str, np.ndarray]) -> None:
    """Write the errors as CSV, one line for each row, seed and epoch."""
    with replacing(path) as part:
        lines = ["row,seed,epoch,l1"]
        for name, errors in curves.items():
            lines += [
                f"{name},{seed},{epoch + 1},{error!r}"
                for (seed, epoch), error in np.ndenumerate(errors.astype(object))
            ]
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")


def curve_table(curves: dict[str, np.ndarray]) -> Table:
    """Errors at some epochs, with their intervals over encoder seeds."""
    epochs = next(iter(curves.values())).shape[1]
    shown = [epoch for epoch in SHOWN if epoch <= epochs]
    rows = []
    for epoch in shown:
        cells = [str(epoch)]
        for errors in curves.values():
            mean, low, _ = interval([float(error) for error in errors[:, epoch - 1]])
            cells.append(f"{mean:.3f} ± {mean - low:.3f}" if len(errors) > 1 else f"{mean:.3f}")
        rows.append(cells)
    return Table(
        "Mean L1 of a linear probe by epoch",
        ["Epoch", *curves],
        [rows],
        [
            "Validation frames; mean and 95 % interval over encoder seeds."
            if max(map(len, curves.values())) > 1
            else "Validation frames; one encoder each."
        ],
    )
