"""Names written beside an axes, at the heights of what they name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfdeepsim.report.figures.style import FAINT, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE = 16  # CSS pixels from one name to the next


def name_heights(
    axes: "Axes",
    names: Sequence[tuple[float, str]],
    height: float,
    colours: Sequence[str] = (),
    lines: Sequence[str] = (),
) -> None:
    """Write each name right of the axes at its value, moved apart where values meet.

    Args:
        axes: With its limits set.
        names: Value on the y axis, and name; names at NaN are left out.
        height: Of the axes, in CSS pixels.
        colours: Of the names; faint if empty.
        lines: Colours of short lines that lead from the values to the names; none if empty.
    """
    looks = zip(colours or [FAINT] * len(names), lines or [""] * len(names), strict=True)
    places = []
    for (value, name), look in zip(names, looks, strict=True):
        if np.isfinite(value):
            point = axes.transData.transform((axes.get_xlim()[0], value))
            places.append((float(axes.transAxes.inverted().transform(point)[1]), name, look))
    places.sort(key=lambda place: place[0])
    heights = moved_apart([y for y, _, _ in places], _LINE / height)
    for y, (end, name, (colour, line)) in zip(heights, places, strict=True):
        if line:
            axes.plot(
                (1, 1.035),
                (end, y),
                color=line,
                linewidth=1.2,
                clip_on=False,
                transform=axes.transAxes,
            )
        at = 1.045 if line else 1.02
        write(axes, at, y, name, 12, color=colour, va="center", transform=axes.transAxes)


def last_finite(values: np.ndarray) -> float:
    """The last value that is finite, or NaN."""
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if finite.size else float("nan")


def moved_apart(heights: list[float], gap: float) -> list[float]:
    """Rising `heights`, moved so that neighbours are at least `gap` apart, inside 0 to 1 if they
    fit."""
    for index in range(1, len(heights)):
        heights = [
            *heights[:index],
            max(heights[index], heights[index - 1] + gap),
            *heights[index + 1 :],
        ]
    ceiling = 1.0
    placed = []
    for height in reversed(heights):
        placed.append(min(height, ceiling))
        ceiling = placed[-1] - gap
    return placed[::-1]
