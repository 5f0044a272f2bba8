"""How far features drift when images are re-encoded: one curve for each layer."""

import os
from collections.abc import Mapping

import numpy as np

from tfdeepsim.files import replacing
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

_HEIGHT = 420  # CSS pixels
_LEFT, _RIGHT, _TOP, _BELOW = 62, 190, 30, 52


def write_drift(path: str | os.PathLike, curves: Mapping[str, np.ndarray]) -> None:
    """Write a PNG file of feature errors by iteration.

    Args:
        path: Path of the file, which is replaced if it exists; its folder is created.
        curves: Name of each curve to its errors after iteration 1, 2, ...; 1.0 is the distance
            between the features of different images.
    """
    with styled():
        figure = new_figure(WIDTH, _HEIGHT)
        size = ((WIDTH - _LEFT - _RIGHT) / WIDTH, (_HEIGHT - _TOP - _BELOW) / _HEIGHT)
        axes = figure.add_axes((_LEFT / WIDTH, _BELOW / _HEIGHT, *size))
        lines = [
            axes.plot(
                np.arange(1, len(errors) + 1),
                100 * np.asarray(errors),
                color=run_colour(place),
                lw=points(2),
            )[0]
            for place, errors in enumerate(curves.values())
        ]
        axes.axhline(100, color=FAINT, lw=points(1), zorder=0)
        axes.set_ylim(bottom=0)
        axes.locator_params(axis="x", integer=True)
        axes.set_xlabel("iteration", color=INK)
        axes.set_ylabel("feature error (%), 100 = another image", color=INK)
        names = list(map(drawable, curves))
        legend = axes.legend(
            lines, names, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False
        )
        for name in legend.get_texts():
            name.set_parse_math(False)
        picture = png(figure)
    with replacing(path) as new:
        new.write_bytes(picture)
