"""The error of a probe by epoch of the encoder's training."""

from collections.abc import Mapping

import numpy as np

from tfdeepsim.report.figures.labels import name_heights
from tfdeepsim.report.figures.style import (
    FAINT,
    INK,
    WIDTH,
    new_figure,
    png,
    points,
    run_colour,
    styled,
)

_PANEL = 380  # CSS pixels, height of the axes
_TOP, _LEFT, _RIGHT, _BELOW = 40, 62, 150, 52


def probe_curves(curves: Mapping[str, np.ndarray], chance: float) -> bytes:
    """A line for the mean over seeds of each row, and a thin line for each seed.

    Args:
        curves: Errors, float `[seeds, epochs]`, by the name of a row.
        chance: Error of a guess that does not look at the image; drawn if it is near.

    Returns:
        Content of a PNG file.
    """
    with styled():
        figure = new_figure(WIDTH, height := _TOP + _PANEL + _BELOW)
        place = (_LEFT, _BELOW, WIDTH - _LEFT - _RIGHT, _PANEL)
        axes = figure.add_axes(
            (place[0] / WIDTH, place[1] / height, place[2] / WIDTH, _PANEL / height)
        )
        names = []
        for index, (name, errors) in enumerate(curves.items()):
            epochs, colour = np.arange(1, errors.shape[1] + 1), run_colour(index)
            for seed in errors:
                axes.plot(epochs, seed, color=colour, linewidth=0.6, alpha=0.6)
            mean = errors.mean(axis=0)
            axes.plot(epochs, mean, color=colour, linewidth=2, marker=".", markersize=points(7))
            names.append((float(mean[-1]), name, INK, colour))
        axes.set_ylim(0, 1.08 * max(chance, max(float(e.max()) for e in curves.values())))
        axes.axhline(chance, color=FAINT, linewidth=1.1, linestyle=(0, (1, 2)))
        names.append((chance, "chance", FAINT, FAINT))
        axes.set_title("Mean L1 of a linear probe (lower is better)", pad=points(12))
        axes.set_xlabel("epochs of the encoder", loc="right", labelpad=2)
        axes.locator_params(axis="x", integer=True)
        axes.grid(axis="y")
        axes.margins(x=0.02)
        ends, texts, inks, lines = zip(*names, strict=True)
        name_heights(axes, list(zip(ends, texts, strict=True)), _PANEL, inks, lines)
        return png(figure)
