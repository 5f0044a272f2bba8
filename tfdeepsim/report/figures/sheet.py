"""Pictures of rows of images with their names beside them."""

import dataclasses
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfdeepsim.report.figures.style import DENSITY, FAINT, WIDTH, new_figure, pixels_of, png, write
from tfdeepsim.report.naming import shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 8
# In image pixels:
_LABEL = 130 * DENSITY
_GAP = 3 * DENSITY
_BETWEEN = 22 * DENSITY
_FRAME = 176  # gray between images, whose own edges may be white or black
_CELL = (WIDTH * DENSITY - _LABEL) // COLUMNS - _GAP
_MANY_ROWS = 6  # with more rows than this, one set of images is enough


@dataclasses.dataclass(frozen=True)
class ImageRow:
    """A row of images and the text beside it.

    Attributes:
        images: Images, uint8 `[n, H, W, 3]`.
        title: Text in bold.
        subtitle: Text below the title.
        note: Text below the subtitle.
        colour: Colour of the bar at the left.

    Example:
        >>> png = sheet([[ImageRow(originals, "Originals"), ImageRow(reconstructions, "AE")]])
    """

    images: np.ndarray
    title: str
    subtitle: str = ""
    note: str = ""
    colour: str = "white"


def sets(rows: Sequence[ImageRow]) -> list[list[ImageRow]]:
    """Rows of equal length, cut into sets of `COLUMNS` images; of many rows the first set only."""
    length = (
        len(rows[0].images) if len(rows) - 1 <= _MANY_ROWS else min(COLUMNS, len(rows[0].images))
    )
    return [
        [dataclasses.replace(row, images=row.images[start : start + COLUMNS]) for row in rows]
        for start in range(0, length, COLUMNS)
    ]


def grouped(images: Sequence[np.ndarray | None]) -> list[list[int]]:
    """Indices of the images, grouped by equal arrays, in order; None is left out."""
    groups: list[tuple[np.ndarray, list[int]]] = []
    for index, array in enumerate(images):
        if array is None:
            continue
        for first, members in groups:
            if np.array_equal(first, array):
                members.append(index)
                break
        else:
            groups.append((array, [index]))
    return [members for _, members in groups]


def sheet(blocks: Sequence[Sequence[ImageRow]]) -> bytes:
    """Draw rows of images below each other, with their labels at the left.

    Small images are enlarged by a whole number, without interpolation.

    Args:
        blocks: Groups of rows, with a gap between groups.

    Returns:
        Content of a PNG file.
    """
    strips = [[_strip(row.images) for row in block] for block in blocks]
    width = _LABEL + max(strip.shape[1] for block in strips for strip in block)
    height = sum(strip.shape[0] for block in strips for strip in block) + _BETWEEN * (
        len(blocks) - 1
    )
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


def _label(figure: "Figure", row: ImageRow, top: int, height: int) -> None:
    """Write the label of a row. `top` and `height` are in image pixels."""
    from matplotlib.patches import Rectangle

    unit = figure.transFigure.inverted().transform
    (left, bottom), (right, upper) = (
        unit((0, figure.bbox.height - top - height)),
        unit((4 * DENSITY, figure.bbox.height - top)),
    )
    bar = Rectangle((left, bottom), right - left, upper - bottom, color=row.colour, linewidth=0)
    figure.add_artist(bar)
    titles = [(line, 14, 17, {"weight": "bold"}) for line in _broken(row.title)]
    under = [
        (shorten(text, 18), 11, 15, {"color": FAINT}) for text in (row.subtitle, row.note) if text
    ]
    lines: list[tuple[str, int, int, dict[str, Any]]] = [*titles, *under]
    place = (bottom + upper) / 2 + sum(
        step for _, _, step, _ in lines
    ) / 2 * DENSITY / figure.bbox.height
    for text, size, step, style in lines:
        write(figure, 3 * right, place, text, size, va="top", **style)
        place -= step * DENSITY / figure.bbox.height


def _broken(title: str) -> list[str]:
    """A title in at most three lines, which fit beside the images."""
    lines = textwrap.wrap(title, 13, break_long_words=False) or [""]
    return [
        shorten(line, 13)
        for line in (lines if len(lines) <= 3 else [*lines[:2], " ".join(lines[2:])])
    ]


def _strip(images: np.ndarray) -> np.ndarray:
    """Images side by side, each at most `_CELL` pixels wide, with a frame at the right and below.

    Args:
        images: Images, uint8 `[n, H, W, 3]`.
    """
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
