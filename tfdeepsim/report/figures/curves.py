"""Training and validation loss by epoch."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfdeepsim.report.figures.labels import last_finite, name_heights
from tfdeepsim.report.figures.style import (
    FAINT,
    INK,
    WIDTH,
    add_header,
    colours,
    new_figure,
    png,
    points,
    styled,
)
from tfdeepsim.report.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TERMS = {"image": "image", "feature": "feature", "kl": "KL"}
_PANEL = 250  # CSS pixels, height of the axes
_DASHED = (0, (3, 2))
_TITLE = 66  # above each panel, with the ticks of the one above
_TOP = 34  # for the legend
_LABEL = 66  # beside each panel, for the names of the terms


def learning_curves(records: Sequence[Record]) -> bytes | None:
    """One panel for each run: the weighted terms of its loss, and their sum if there are several.

    Solid lines are the training, dashed lines the validation split; the dot is the epoch with the
    lowest validation loss. Runs have different losses, so each panel has its own scale.

    Args:
        records: Files of all rows.

    Returns:
        Content of a PNG file, or None if no run has a history.
    """
    shown = [
        (c, record) for c, record in zip(colours(records), records, strict=True) if record.history
    ]
    if not shown:
        return None
    columns = len(shown) if len(shown) <= 2 else 2 if len(shown) == 4 else 3
    height = _TOP + math.ceil(len(shown) / columns) * (_PANEL + _TITLE)
    with styled():
        figure = new_figure(WIDTH, height)
        wide = WIDTH / max(2, columns)
        for slot, (colour, record) in enumerate(shown):
            left, top = slot % columns * wide + 48, _TOP + slot // columns * (_PANEL + _TITLE) + 28
            size = wide - 48 - _LABEL, _PANEL
            axes = figure.add_axes(
                (left / WIDTH, 1 - (top + size[1]) / height, size[0] / WIDTH, size[1] / height)
            )
            add_header(axes, record, colour)
            _draw_terms(axes, record.history or {}, colour)
        _legend(figure)
        return png(figure)


def terms(history: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray | None]]:
    """Training and validation curve of each term in a run's history, by the term's label.

    Weighted terms, which add up to the loss, are preferred; the two curves of a term are either
    both weighted or both not. The total is left out if it has one term only.

    Args:
        history: Columns of `history.csv`, float64 `[epochs]` each.
    """
    curves: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}
    for name, label in _TERMS.items():
        for key in (f"weighted_{name}", name):
            if key in history and (f"val_{key}" in history or f"val_{name}" not in history):
                curves[label] = history[key], history.get(f"val_{key}")
                break
    if len(curves) != 1 and "loss" in history:
        return {"total": (history["loss"], history.get("val_loss")), **curves}
    return curves


def _draw_terms(axes: "Axes", history: dict[str, np.ndarray], colour: str) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

    epoch = history["epoch"]
    curves = terms(history)
    dot: dict[str, Any] = {"marker": "."} if len(epoch) == 1 else {}
    for label, (training, validation) in curves.items():
        line: dict[str, Any] = (
            {"color": INK, "linewidth": 0.9}
            if label == "total"
            else {"color": colour, "linewidth": 1.5}
        )
        axes.plot(epoch, training, **line, **dot)
        if validation is not None:
            axes.plot(epoch, validation, linestyle=_DASHED, **line, **dot)
    values = np.concatenate(
        [c for pair in curves.values() for c in pair if c is not None] or [np.ones(1)]
    )
    values = values[np.isfinite(values)]
    if wants_log(values):
        axes.set_yscale("log")
        decades = np.log10(values.max() / values.min())
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2 else (1,)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(bottom=min(0.0, values.min(initial=0.0)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch", loc="right", labelpad=1)
    axes.grid(axis="y")
    _mark_best(axes, history, curves, colour)
    ends = [(last_finite(training), label) for label, (training, _) in curves.items()]
    name_heights(axes, ends, _PANEL)


def wants_log(values: np.ndarray) -> bool:
    """Whether a logarithmic axis shows finite values better: all are positive, and they differ by
    more than a factor of 5."""
    return bool(values.size and values.min() > 0 and values.max() > 5 * values.min())


def _mark_best(axes: "Axes", history: dict, curves: dict, colour: str) -> None:
    total = history.get("val_loss")
    if total is None or not np.isfinite(total).any():
        return
    best = int(np.nanargmin(total))
    validation = next(iter(curves.values()), (None, None))[1]
    if validation is not None:
        axes.plot(
            history["epoch"][best],
            validation[best],
            "o",
            color=colour,
            markersize=points(8),
            mec="white",
        )


def _legend(figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=FAINT, linewidth=1.4, label="training"),
        Line2D([], [], color=FAINT, linewidth=1.4, linestyle=_DASHED, label="validation"),
        Line2D(
            [],
            [],
            color=FAINT,
            linewidth=0,
            marker="o",
            markersize=points(8),
            label="lowest validation loss",
        ),
    ]
    figure.legend(
        handles=handles,
        loc="upper left",
        ncols=3,
        frameon=False,
        borderaxespad=0.2,
        labelcolor=FAINT,
    )
