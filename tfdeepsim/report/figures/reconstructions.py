"""Originals beside the reconstructions of every run."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfdeepsim.report.figures.style import (
    DENSITY,
    FAINT,
    WIDTH,
    new_figure,
    pixels_of,
    png,
    run_colour,
    styled,
    write,
)
from tfdeepsim.report.naming import shorten
from tfdeepsim.report.record import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 8
# In image pixels:
_LABEL = 130 * DENSITY
_GAP = 3 * DENSITY
_BETWEEN = 22 * DENSITY
_FRAME = 176  # gray between images, whose own edges may be white or black
_CELL = (WIDTH * DENSITY - _LABEL) // _COLUMNS - _GAP


@dataclasses.dataclass(frozen=True)
class _Row:
    """A row of the sheet, and its label."""

    images: np.ndarray
    title: str
    subtitle: str = ""
    colour: str = "white"


def reconstruction_sheet(records: Sequence[Record]) -> bytes | None:
    """One sheet: a row of originals, and below it one row a run with its reconstructions.

    More images than fit a row go on in a second set of rows. Runs that were sampled on other images
    stand below, under their own originals. Small images are enlarged by a whole number and keep their
    exact colours.

    Args:
        records: All runs of the report.

    Returns:
        PNG, or None if no run has samples.
    """
    blocks = [block for group in same_originals(records) for block in _blocks(records, group)]
    if not blocks:
        return None
    with styled():
        return _sheet(blocks)


def same_originals(records: Sequence[Record]) -> list[list[int]]:
    """Indices of the runs that have samples, grouped by their originals."""
    groups: list[tuple[np.ndarray, list[int]]] = []
    for index, record in enumerate(records):
        if record.samples is None:
            continue
        for original, members in groups:
            if np.array_equal(original, record.samples.original):
                members.append(index)
                break
        else:
            groups.append((record.samples.original, [index]))
    return [members for _, members in groups]


def _blocks(records: Sequence[Record], group: list[int]) -> list[list[_Row]]:
    """The rows of one group of runs, in sets of at most `_COLUMNS` images."""
    sampled = [(index, records[index], samples) for index in group if (samples := records[index].samples)]
    originals = sampled[0][2].original
    return [
        [
            _Row(originals[start : start + _COLUMNS], "Originals"),
            *(
                _Row(s.reconstruction[start : start + _COLUMNS], r.system, r.name, run_colour(index))
                for index, r, s in sampled
            ),
        ]
        for start in range(0, len(originals), _COLUMNS)
    ]


def _sheet(blocks: list[list[_Row]]) -> bytes:
    """Place the rows below each other, exact to the pixel, with their labels at the left."""
    strips = [[_strip(row.images) for row in block] for block in blocks]
    width = _LABEL + max(strip.shape[1] for block in strips for strip in block)
    height = sum(strip.shape[0] for block in strips for strip in block) + _BETWEEN * (len(blocks) - 1)
    figure = new_figure(width / DENSITY, height / DENSITY)
    placed = []
    top = 0
    for rows, block in zip(blocks, strips, strict=True):
        for row, strip in zip(rows, block, strict=True):
            _label(figure, row, top, strip.shape[0] - _GAP)
            placed.append((top, strip))
            top += strip.shape[0]
        top += _BETWEEN
    canvas = pixels_of(figure)
    for top, strip in placed:
        canvas[top : top + strip.shape[0], _LABEL : _LABEL + strip.shape[1]] = strip
    return png(canvas)


def _label(figure: "Figure", row: _Row, top: int, height: int) -> None:
    """Name a row beside it; lengths in image pixels."""
    from matplotlib.patches import Rectangle

    unit = figure.transFigure.inverted().transform
    (left, bottom), (right, upper) = (
        unit((0, figure.bbox.height - top - height)),
        unit((4 * DENSITY, figure.bbox.height - top)),
    )
    bar = Rectangle((left, bottom), right - left, upper - bottom, color=row.colour, linewidth=0)
    figure.add_artist(bar)
    middle, beside = (bottom + upper) / 2, 3 * right
    write(figure, beside, middle, row.title, 14, weight="bold", va="bottom" if row.subtitle else "center")
    write(figure, beside, middle, shorten(row.subtitle, 18), 11, color=FAINT, va="top")


def _strip(images: np.ndarray) -> np.ndarray:
    """uint8 `[n, H, W, 3]` side by side, each at most `_CELL` pixels wide, with a frame right and below."""
    fitted = np.stack([_fitted(image) for image in images])
    framed = np.pad(fitted, ((0, 0), (0, _GAP), (0, _GAP), (0, 0)), constant_values=_FRAME)
    return np.concatenate(list(framed), axis=1)


def _fitted(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    longer = max(height, width)
    if longer <= _CELL:
        return image.repeat(_CELL // longer, axis=0).repeat(_CELL // longer, axis=1)
    from PIL import Image

    size = max(1, width * _CELL // longer), max(1, height * _CELL // longer)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))
