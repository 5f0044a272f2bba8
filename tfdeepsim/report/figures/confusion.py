"""Confusion matrices: which classes a probe confuses."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfdeepsim.report.figures.style import (
    FAINT,
    INK,
    WIDTH,
    add_header,
    drawable,
    new_figure,
    points,
    write,
)
from tfdeepsim.report.naming import shorten
from tfdeepsim.report.record import Record
from tfdeepsim.report.run_files import Predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NUMBERED_CLASSES = 20  # the cells of larger matrices are too small for numbers
_FEW_CLASSES = 10  # up to this number, three matrices fit side by side
_FEW_MATRICES = 4
_HEADER = 40
_NAME = 12  # characters of a class name


def confusion_matrices(shown: Sequence[tuple[str, Record, Predictions]]) -> "Figure":
    """One matrix for each row of the report, all with the same classes.

    Args:
        shown: Colour, files and predicted classes of each row.
    """
    classes = np.unique(np.concatenate([a for _, _, p in shown for a in (p.target, p.predicted)]))
    names = class_labels(classes, next((r.class_names for _, r, _ in shown if r.class_names), []))
    readable = _FEW_CLASSES < len(classes) <= NUMBERED_CLASSES  # in large cells only
    columns = 3 if len(shown) > _FEW_MATRICES and not readable else 2
    label = 34 + 7 * max(map(len, names))
    side = WIDTH / columns - label - 16
    block = side + _HEADER + label + 8
    height = math.ceil(len(shown) / columns) * block
    figure = new_figure(WIDTH, height)
    for slot, (colour, record, predictions) in enumerate(shown):
        left = slot % columns * WIDTH / columns + label
        bottom = slot // columns * block + _HEADER + side
        axes = figure.add_axes((left / WIDTH, 1 - bottom / height, side / WIDTH, side / height))
        add_header(axes, record, colour)
        _draw(axes, confusion(predictions, classes), names, side / len(classes))
    return figure


def confusion(predictions: Predictions, classes: np.ndarray) -> np.ndarray:
    """How the examples of each class were classified, in percent of the examples of that class.

    Args:
        predictions: True and predicted classes.
        classes: Sorted numbers of the C classes that occur.

    Returns:
        Percentages, float64 `[C, C]`, true class by predicted class; NaN in the rows of classes
        without examples.
    """
    counts = np.zeros((len(classes), len(classes)))
    places = (
        np.searchsorted(classes, predictions.target),
        np.searchsorted(classes, predictions.predicted),
    )
    np.add.at(counts, places, 1)
    examples = counts.sum(axis=1, keepdims=True)
    return 100 * np.divide(counts, examples, out=np.full_like(counts, np.nan), where=examples > 0)


def class_labels(classes: np.ndarray, names: Sequence[str]) -> list[str]:
    """The name of each class, shortened, or its number if it has no name."""
    return [
        drawable(shorten(names[number], _NAME)) if 0 <= number < len(names) else str(number)
        for number in classes.tolist()
    ]


def _draw(axes: "Axes", percent: np.ndarray, names: list[str], cell: float) -> None:
    """One matrix; `cell` is the side of a cell in CSS pixels."""
    axes.imshow(percent, cmap="Greys", vmin=0, vmax=100)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    upright = max(map(len, names)) > 2
    step = math.ceil((14 if upright else 22) / cell)  # as many names as do not touch
    axes.set_xticks(range(0, len(names), step), names[::step], rotation=90 if upright else 0)
    axes.set_yticks(range(0, len(names), step), names[::step])
    axes.tick_params(length=0, labelsize=points(11))
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_parse_math(False)
    if len(names) <= NUMBERED_CLASSES:
        _number(axes, percent, min(11, 0.45 * cell))


def _number(axes: "Axes", percent: np.ndarray, size: float) -> None:
    for (row, column), value in np.ndenumerate(percent):
        if np.isfinite(value):
            colour = "white" if value > 55 else INK if row == column else FAINT
            write(
                axes,
                column,
                row,
                f"{value:.0f}",
                size,
                color=colour,
                ha="center",
                va="center_baseline",
            )
