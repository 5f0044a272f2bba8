"""Scores of a probe by the number of labels that it learns from."""

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfdeepsim.report.figures.labels import name_heights
from tfdeepsim.report.figures.style import (
    FAINT,
    INK,
    WIDTH,
    colours,
    new_figure,
    png,
    points,
    styled,
)
from tfdeepsim.report.naming import full_name, shorten
from tfdeepsim.report.record import Record
from tfdeepsim.report.wording import metric_title, scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tfdeepsim.probes.label_efficiency import Point

_PANEL = 340  # CSS pixels, height of the axes
_TOP, _LEFT, _RIGHT, _BELOW = 34, 62, 250, 52
_MARKERS = "os^Dv"
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))


def efficiency_panels(records: Sequence[Record]) -> bytes | None:
    """One panel for each metric, with a curve and the band of its 95 % interval for each row.

    Args:
        records: Files of all rows.

    Returns:
        Content of a PNG file, or None if no row has scores by number of labels.
    """
    curves = [
        (c, r, r.efficiency) for c, r in zip(colours(records), records, strict=True) if r.efficiency
    ]
    if not curves:
        return None
    metrics = list(
        dict.fromkeys(metric for _, _, efficiency in curves for metric in efficiency.metrics)
    )
    block = _TOP + _PANEL + _BELOW
    height = block * len(metrics)
    with styled():
        figure = new_figure(WIDTH, height)
        for slot, metric in enumerate(metrics):
            bottom = slot * block + _TOP + _PANEL
            size = (WIDTH - _LEFT - _RIGHT) / WIDTH, _PANEL / height
            axes = figure.add_axes((_LEFT / WIDTH, 1 - bottom / height, *size))
            _draw(
                axes,
                metric,
                [(c, r, curve) for c, r, e in curves if (curve := e.curve(metric))],
            )
        return png(figure)


def _draw(axes: "Axes", metric: str, shown: list[tuple[str, Record, list["Point"]]]) -> None:
    factor = scale(metric)
    looks = {True: zip(itertools.cycle(_DASHES), itertools.repeat("o")), False: _looks()}
    names = []
    for colour, record, curve in shown:
        dashes, marker = next(looks[record.is_baseline])
        examples = [point.examples for point in curve]
        value, low, high = (
            factor * np.array(column)
            for column in zip(*((p.value, p.low, p.high) for p in curve), strict=True)
        )
        line = {
            "color": colour,
            "linestyle": dashes,
            "linewidth": 1.1 if record.is_baseline else 1.7,
        }
        axes.plot(examples, value, marker=marker, markersize=points(6), **line)
        # A point with a single subset has no interval: the band narrows to the point.
        low, high = np.where(np.isfinite(low), low, value), np.where(np.isfinite(high), high, value)
        axes.fill_between(examples, low, high, color=colour, alpha=0.14, linewidth=0)
        names.append(
            (
                value[-1],
                shorten(full_name(record.system, record.short_name), 32),
                FAINT if record.is_baseline else INK,
                colour,
            )
        )
    first = shown[0][2]
    chance = [factor * point.chance for point in first]
    axes.plot(
        [point.examples for point in first],
        chance,
        color=FAINT,
        linewidth=0.9,
        linestyle=(0, (1, 2)),
    )
    names.append((chance[-1], "chance", FAINT, FAINT))
    _draw_axis(axes, sorted({point.examples for _, _, curve in shown for point in curve}))
    axes.set_title(metric_title(metric, metric == "accuracy"), pad=points(12))
    axes.margins(x=0.03)
    ends, texts, inks, lines = zip(*names, strict=True)
    name_heights(axes, list(zip(ends, texts, strict=True)), _PANEL, inks, lines)


def _looks():
    """The line and marker of each encoder; they change when the colours start again."""
    for dashes, marker in zip(itertools.cycle(_DASHES), itertools.cycle(_MARKERS)):
        yield from itertools.repeat((dashes, marker), 7)


def _draw_axis(axes: "Axes", examples: list[int]) -> None:
    """A logarithmic axis with a tick at each number of labels whose text does not touch others."""
    from matplotlib.ticker import NullLocator

    axes.set_xscale("log")
    ticks = [examples[-1]]
    span = math.log(examples[-1] / examples[0]) or 1.0
    for number in examples[-2::-1]:
        if math.log(ticks[-1] / number) > 0.08 * span:
            ticks.append(number)
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("number of labels", loc="right", labelpad=2)
    axes.grid(axis="y")
