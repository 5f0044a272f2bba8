"""Names beside a plot, at the heights of the values that they belong to."""

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
    """Write each name to the right of the axes, at the height of its value.

    Names of values that are close together are moved apart.

    Args:
        axes: Axes whose limits are set.
        names: Value on the y axis and name of each; names at NaN are left out.
        height: Height of the axes in CSS pixels.
        colours: Colour of each name; all names are grey if it is empty.
        lines: Colour of the short line from each value to its name; no lines if it is empty.
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
    """The last finite value; NaN if there is none."""
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if finite.size else float("nan")


def moved_apart(heights: list[float], gap: float) -> list[float]:
    """Ascending heights, moved so that neighbours are at least `gap` apart.

    They stay between 0 and 1 if there is room for all of them.

    Args:
        heights: Ascending heights, as shares of the height of the axes.
        gap: Smallest distance, as a share of the height of the axes.
    """
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
