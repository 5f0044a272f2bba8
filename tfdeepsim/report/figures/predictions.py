"""What the probes predict, against the truth."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfdeepsim.report.figures.style import (
    FAINT,
    WIDTH,
    add_header,
    new_figure,
    png,
    points,
    run_colour,
    styled,
    write,
)
from tfdeepsim.report.record import Predictions, Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 4
_AXIS_NAMES = "xyz"
_NUMBERED_CLASSES = 10  # cells of a larger matrix are too small for numbers


def prediction_panels(records: Sequence[Record]) -> bytes | None:
    """Predicted against true values, or confusion matrices where the labels are classes.

    For regression: a column of panels a run, one panel a coordinate; all panels of a coordinate share
    their limits, which the true values set.

    Args:
        records: All runs of the report.

    Returns:
        PNG, or None if no run has predictions.
    """
    shown = [(i, r, r.predictions) for i, r in enumerate(records) if r.predictions is not None]
    if not shown:
        return None
    draw = _confusion if shown[0][2].classes else _scatter
    with styled():
        return png(draw([row for row in shown if row[2].classes == shown[0][2].classes]))


def _scatter(shown: list[tuple[int, Record, Predictions]]):
    rows = math.ceil(len(shown) / _COLUMNS)
    columns = max(2, math.ceil(len(shown) / rows))
    wide = WIDTH / columns
    side = wide - 64
    coordinates = max(p.target.shape[1] for _, _, p in shown)
    block = 34 + coordinates * (side + 48)
    height = rows * block
    figure = new_figure(WIDTH, height)
    limits = [
        _limits([p.target[:, c] for _, _, p in shown if c < p.target.shape[1]]) for c in range(coordinates)
    ]
    for slot, (index, record, predictions) in enumerate(shown):
        left, top = slot % columns * wide + 58, slot // columns * block + 34
        for coordinate in range(predictions.target.shape[1]):
            bottom = top + coordinate * (side + 48) + side
            axes = figure.add_axes((left / WIDTH, 1 - bottom / height, side / WIDTH, side / height))
            if coordinate == 0:
                add_header(axes, record, run_colour(index))
            _scatter_panel(axes, predictions, coordinate, limits[coordinate], run_colour(index))
            axes.set_ylabel("predicted" if slot % columns == 0 else "", labelpad=1)
    return figure


def _scatter_panel(
    axes: "Axes", predictions: Predictions, coordinate: int, limits: tuple[float, float], colour: str
) -> None:
    target, predicted = predictions.target[:, coordinate], predictions.predicted[:, coordinate]
    alpha = min(0.6, max(0.03, 6 / math.sqrt(len(target))))
    axes.plot(limits, limits, color=FAINT, linewidth=0.8, zorder=3)
    axes.plot(target, predicted, "o", color=colour, alpha=alpha, markersize=points(3.6), mew=0)
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    axes.locator_params(nbins=5)
    axes.grid()
    name = _AXIS_NAMES[coordinate] if predictions.target.shape[1] <= len(_AXIS_NAMES) else str(coordinate + 1)
    axes.set_xlabel(f"true {name}", loc="right", labelpad=1)
    error = float(np.mean(np.abs(predicted - target)))
    outside = int(np.sum(~((predicted >= limits[0]) & (predicted <= limits[1]))))
    note = f"mean |error| {error:#.3g}" + (f", {outside} outside" if outside else "")
    paper = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1}
    write(axes, 0.03, 0.97, note, 11, va="top", transform=axes.transAxes, zorder=4, bbox=paper)


def _limits(targets: list[np.ndarray]) -> tuple[float, float]:
    """The range of all true values and a tenth of it on both sides."""
    low, high = min(float(t.min()) for t in targets), max(float(t.max()) for t in targets)
    margin = 0.1 * (high - low) or 1.0
    return low - margin, high + margin


def _confusion(shown: list[tuple[int, Record, Predictions]]):
    columns, labels, header = 2, 52, 40
    side = WIDTH / columns - labels - 24
    height = math.ceil(len(shown) / columns) * (side + header + labels)
    figure = new_figure(WIDTH, height)
    classes = np.unique(np.concatenate([a for _, _, p in shown for a in (p.target, p.predicted)]))
    for slot, (index, record, predictions) in enumerate(shown):
        left = slot % columns * WIDTH / columns + labels
        bottom = slot // columns * (side + header + labels) + header + side
        axes = figure.add_axes((left / WIDTH, 1 - bottom / height, side / WIDTH, side / height))
        add_header(axes, record, run_colour(index))
        _confusion_panel(axes, confusion(predictions, classes), classes)
    return figure


def confusion(predictions: Predictions, classes: np.ndarray) -> np.ndarray:
    """How the examples of each class were classified, in percent of that class.

    Args:
        predictions: Integer classes.
        classes: Sorted class numbers, of which the predictions are made.

    Returns:
        float64 `[C, C]`, true class by predicted class; NaN in the rows of classes without an example.
    """
    counts = np.zeros((len(classes), len(classes)))
    places = np.searchsorted(classes, predictions.target), np.searchsorted(classes, predictions.predicted)
    np.add.at(counts, places, 1)
    examples = counts.sum(axis=1, keepdims=True)
    return 100 * np.divide(counts, examples, out=np.full_like(counts, np.nan), where=examples > 0)


def _confusion_panel(axes: "Axes", percent: np.ndarray, classes: np.ndarray) -> None:
    axes.imshow(percent, cmap="Greys", vmin=0, vmax=100)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    step = max(1, len(classes) // _NUMBERED_CLASSES)
    axes.set_xticks(range(0, len(classes), step), classes[::step])
    axes.set_yticks(range(0, len(classes), step), classes[::step])
    axes.tick_params(length=0)
    if len(classes) > _NUMBERED_CLASSES:
        return
    for (row, column), value in np.ndenumerate(percent):
        if np.isfinite(value):
            colour = "white" if value > 55 else FAINT if row != column else "black"
            write(axes, column, row, f"{value:.0f}", 11, color=colour, ha="center", va="center")
