"""Predictions of the probes beside the true labels."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfdeepsim.report.figures.confusion import confusion_matrices
from tfdeepsim.report.figures.style import (
    FAINT,
    WIDTH,
    add_header,
    colours,
    new_figure,
    png,
    points,
    styled,
    write,
)
from tfdeepsim.report.record import Record
from tfdeepsim.report.run_files import Predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 4
_AXIS_NAMES = "xyz"


def prediction_panels(records: Sequence[Record]) -> bytes | None:
    """Predicted against true values, or confusion matrices if the labels are classes.

    For regression there is a column of panels for each row, with one panel for each coordinate. All
    panels of a coordinate have the same limits, which are those of the true values.

    Args:
        records: Files of all rows.

    Returns:
        Content of a PNG file, or None if no row has predictions.
    """
    rows = zip(colours(records), records, strict=True)
    shown = [(colour, r, r.predictions) for colour, r in rows if r.predictions is not None]
    if not shown:
        return None
    shown = [row for row in shown if row[2].classes == shown[0][2].classes]
    with styled():
        return png(confusion_matrices(shown) if shown[0][2].classes else _scatter(shown))


def _scatter(shown: list[tuple[str, Record, Predictions]]):
    rows = math.ceil(len(shown) / _COLUMNS)
    columns = max(2, math.ceil(len(shown) / rows))
    wide = WIDTH / columns
    side = wide - 64
    coordinates = max(p.target.shape[1] for _, _, p in shown)
    block = 34 + coordinates * (side + 48)
    height = rows * block
    figure = new_figure(WIDTH, height)
    limits = [
        _limits([p.target[:, c] for _, _, p in shown if c < p.target.shape[1]])
        for c in range(coordinates)
    ]
    for slot, (colour, record, predictions) in enumerate(shown):
        left, top = slot % columns * wide + 58, slot // columns * block + 34
        for coordinate in range(predictions.target.shape[1]):
            bottom = top + coordinate * (side + 48) + side
            axes = figure.add_axes((left / WIDTH, 1 - bottom / height, side / WIDTH, side / height))
            if coordinate == 0:
                add_header(axes, record, colour)
            _scatter_panel(axes, predictions, coordinate, limits[coordinate], colour)
            axes.set_ylabel("predicted" if slot % columns == 0 else "", labelpad=1)
    return figure


def _scatter_panel(
    axes: "Axes",
    predictions: Predictions,
    coordinate: int,
    limits: tuple[float, float],
    colour: str,
) -> None:
    target, predicted = predictions.target[:, coordinate], predictions.predicted[:, coordinate]
    alpha = min(0.6, max(0.03, 6 / math.sqrt(len(target))))
    axes.plot(limits, limits, color=FAINT, linewidth=0.8, zorder=3)
    axes.plot(target, predicted, "o", color=colour, alpha=alpha, markersize=points(3.6), mew=0)
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    axes.locator_params(nbins=5)
    axes.grid()
    name = (
        _AXIS_NAMES[coordinate]
        if predictions.target.shape[1] <= len(_AXIS_NAMES)
        else str(coordinate + 1)
    )
    axes.set_xlabel(f"true {name}", loc="right", labelpad=1)
    error = float(np.mean(np.abs(predicted - target)))
    outside = int(np.sum(~((predicted >= limits[0]) & (predicted <= limits[1]))))
    note = f"mean |error| {error:#.3g}" + (f", {outside} outside" if outside else "")
    paper = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1}
    write(axes, 0.03, 0.97, note, 11, va="top", transform=axes.transAxes, zorder=4, bbox=paper)


def _limits(targets: list[np.ndarray]) -> tuple[float, float]:
    """The range of all true values, with a margin of a tenth at both ends."""
    low, high = min(float(t.min()) for t in targets), max(float(t.max()) for t in targets)
    margin = 0.1 * (high - low) or 1.0
    return low - margin, high + margin
