"""The scores of every encoder seed, whose means stand in the table."""

import itertools
import math
from typing import TYPE_CHECKING, Any

from tfdeepsim.report.figures.labels import name_heights
from tfdeepsim.report.figures.style import (
    FAINT,
    INK,
    WIDTH,
    drawable,
    new_figure,
    png,
    points,
    run_colour,
    styled,
)
from tfdeepsim.report.naming import SHORT, distinct, full_name, shorten
from tfdeepsim.report.row_comparison import RowComparison, has_interval
from tfdeepsim.report.wording import heading, scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL = 300  # CSS pixels, height of the axes
_TOP, _LEFT, _RIGHT = 34, 62, 226
_SIDE_BY_SIDE = 3  # up to this number of encoders, two panels fit beside each other
_LEVEL_NAMES = 6  # up to this number of encoders, their names fit without being rotated
_SHARE = 0.3  # smallest share of the axis that the scores of the encoders take
_DASHES = ((0, (1, 2)), (0, (5, 2)), (0, (3, 1.5, 1, 1.5)), (0, (7, 2, 2, 2)), "-")


def seed_panels(comparison: RowComparison | None) -> bytes | None:
    """One panel for each metric: a point for each seed, and their mean with its 95 % interval.

    Thin lines join equal seeds. Chance and baselines are horizontal lines with their names; those
    that are far away are only named, at the edge.

    Args:
        comparison: Scores of the rows; None if the dataset has no labels.

    Returns:
        Content of a PNG file, or None if no encoder was trained with several seeds.
    """
    if comparison is None:
        return None
    metrics = [
        m
        for m in comparison.metrics
        if any(s.over == "encoder" and len(s.values) > 1 for s in comparison.encoder_scores(m))
    ]
    if not metrics:
        return None
    with styled():
        return png(_panels(comparison, metrics))


def _panels(comparison: RowComparison, metrics: list[str]):
    names = len(comparison.encoders)
    columns = 2 if len(metrics) > 1 and names <= _SIDE_BY_SIDE else 1
    below, before = (52, _LEFT) if names <= _LEVEL_NAMES else (120, 2 * _LEFT)
    block = _TOP + _PANEL + below
    height = math.ceil(len(metrics) / columns) * block
    figure = new_figure(WIDTH, height)
    wide = WIDTH / columns
    size = min(wide - before - _RIGHT, max(220, 180 * names)), _PANEL
    for slot, metric in enumerate(metrics):
        left, bottom = slot % columns * wide + before, slot // columns * block + _TOP + _PANEL
        axes = figure.add_axes(
            (left / WIDTH, 1 - bottom / height, size[0] / WIDTH, size[1] / height)
        )
        _draw(axes, comparison, metric)
        _name_encoders(axes, comparison, size[0] / names)
    return figure


def _draw(axes: "Axes", comparison: RowComparison, metric: str) -> None:
    factor = scale(metric)
    scores = [comparison.score(row, metric) for row in comparison.encoders]
    for index, score in enumerate(scores):
        if score is None:
            continue
        colour = run_colour(index)
        values = [factor * value for value in score.values or (score.value,)]
        axes.plot(
            [index - 0.1] * len(values),
            values,
            "o",
            color=colour,
            markersize=points(8),
            mec="white",
            mew=0.6,
            zorder=4,
        )
        if has_interval(score):
            ends = [[factor * (score.value - score.low)], [factor * (score.high - score.value)]]
            bar: Any = {
                "color": colour,
                "elinewidth": 1.6,
                "capsize": points(5),
                "capthick": 1.6,
                "zorder": 5,
            }
            axes.errorbar(
                [index + 0.14], [factor * score.value], ends, fmt="_", ms=points(12), mew=1.6, **bar
            )
    for (left, first), (right, second) in itertools.pairwise(enumerate(scores)):
        if (
            first
            and second
            and first.over == second.over == "encoder"
            and len(first.values) == len(second.values)
        ):
            for a, b in zip(first.values, second.values, strict=True):
                axes.plot(
                    [left - 0.1, right - 0.1],
                    [factor * a, factor * b],
                    color=FAINT,
                    linewidth=0.6,
                    zorder=3,
                )
    axes.set_xlim(-0.5, len(scores) - 0.5)
    axes.set_title(heading(comparison, metric), pad=points(12), color=INK)
    axes.grid(axis="y")
    _draw_levels(axes, comparison, metric)


def _draw_levels(axes: "Axes", comparison: RowComparison, metric: str) -> None:
    """Horizontal lines of chance and baselines, and the limits of the axis."""
    levels = (
        {"chance": comparison.column(metric)[0].chance} if comparison.same_chance(metric) else {}
    )
    for baseline in comparison.baselines:
        if score := comparison.score(baseline, metric):
            levels[comparison.full_name(baseline)] = score.value
    levels = {name: scale(metric) * value for name, value in levels.items() if math.isfinite(value)}
    low, high = limits(*_extent(comparison, metric), list(levels.values()))
    axes.set_ylim(low, high)
    names = []
    for (name, value), dashes in zip(levels.items(), itertools.cycle(_DASHES)):
        inside = low <= value <= high
        if inside:
            axes.axhline(value, color=FAINT, linewidth=1.1, linestyle=dashes, zorder=2)
        note = "" if inside else f", {value:.3g}, {'above' if value > high else 'below'}"
        names.append((min(max(value, low), high), shorten(name, 30 - len(note)) + note))
    name_heights(axes, names, _PANEL)


def _extent(comparison: RowComparison, metric: str) -> tuple[float, float]:
    """The lowest and the highest number of all encoders."""
    scores = comparison.encoder_scores(metric)
    numbers = [
        n for s in scores for n in (s.value, s.low, s.high, *s.values) if math.isfinite(n)
    ] or [0.0]
    return scale(metric) * min(numbers), scale(metric) * max(numbers)


def limits(low: float, high: float, levels: list[float]) -> tuple[float, float]:
    """Ends of an axis that shows `low` to `high` well, and as many levels as there is room for.

    Args:
        low: Lowest number of an encoder.
        high: Highest number of an encoder.
        levels: Chance and the scores of baselines; the nearest are included first.
    """
    span = (high - low) or abs(high) or 1.0
    start, end = low, high
    for level in sorted(levels, key=lambda level: max(low - level, level - high)):
        if max(end, level) - min(start, level) <= span / _SHARE:
            start, end = min(start, level), max(end, level)
    margin = 0.06 * ((end - start) or span)
    return start - margin, end + margin


def _name_encoders(axes: "Axes", comparison: RowComparison, room: float) -> None:
    """Write the names of the encoders below the axis, rotated if there are many.

    Args:
        axes: Axes of the panel.
        comparison: Scores of the encoders.
        room: Width for each name in CSS pixels.
    """
    level = len(comparison.encoders) <= _LEVEL_NAMES
    own = distinct([comparison.own_name(row) for row in comparison.encoders], SHORT)
    pairs = list(zip(map(comparison.system, comparison.encoders), own, strict=True))
    if level:
        length = max(4, int(room / 7.5))
        names = ["\n".join(shorten(text, length) for text in pair if text) for pair in pairs]
    else:
        names = [shorten(full_name(*pair), 26) for pair in pairs]
    axes.set_xticks(range(len(names)))
    turned: Any = {} if level else {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
    labels = ["\n".join(map(drawable, name.split("\n"))) for name in names]
    for label in axes.set_xticklabels(labels, color=INK, fontsize=points(12), **turned):
        label.set_parse_math(False)
    axes.tick_params(axis="x", length=0)
