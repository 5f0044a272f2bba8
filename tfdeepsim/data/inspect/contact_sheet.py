"""The contact sheet: many images of a dataset in one picture."""

import math
from collections.abc import Sequence

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from tfdeepsim.data.inspect.contents import class_name, decimals
from tfdeepsim.data.splits.examples import evenly_spaced
from tfdeepsim.data.splits.split import Split

COLUMNS = 10
ROWS = 20
"""Largest number of classes; of more classes, some are taken at equal distances."""

_GAP, _MARGIN, _TEXT = 4, 12, 13
_TEXT_COLOUR, _PAPER = (40, 40, 40), (255, 255, 255)


def contact_sheet(
    split: Split,
    labels: np.ndarray | None,
    class_names: Sequence[str] = (),
    mask: np.ndarray | None = None,
    side: int = 64,
) -> PIL.Image.Image:
    """Draw images of a split, taken at equal distances: with class ids, a row of images for each
    class behind its name; otherwise a grid, with the numbers to regress under the images.

    Args:
        split: The split, of N images.
        labels: Class ids, integers [N], or numbers to regress, [N, K]; None without labels.
        class_names: Names of the class ids.
        mask: Which images may be taken, bool [N]; None for all.
        side: Height and width of an image on the sheet in pixels; smaller images are not enlarged.

    Returns:
        An RGB picture.
    """
    side = min(side, split.images.shape[1])
    candidates = np.arange(len(split.images)) if mask is None else np.flatnonzero(mask)
    if labels is not None and np.issubdtype(labels.dtype, np.integer):
        return _by_class(split, candidates, labels[candidates], class_names, side)
    count = COLUMNS**2 if labels is None else 6 * COLUMNS
    rows = candidates[evenly_spaced(len(candidates), count)]
    return _grid(split, rows, None if labels is None else captions(labels[rows]), side)


def captions(values: np.ndarray) -> list[str]:
    """The first two numbers of each row of `values` [N, K], as text."""
    columns = [decimals(column) for column in values.reshape(len(values), -1).T[:2].tolist()]
    return [", ".join(texts) for texts in zip(*columns, strict=True)]


def _by_class(
    split: Split, candidates: np.ndarray, labels: np.ndarray, class_names: Sequence[str], side: int
) -> PIL.Image.Image:
    classes = np.unique(labels)
    classes = classes[evenly_spaced(len(classes), ROWS)]
    names = [class_name(class_names, int(class_id)) for class_id in classes]
    font = _font()
    left = _MARGIN + min(200, max(math.ceil(font.getlength(name)) for name in names)) + _MARGIN
    sheet = _paper(left, len(classes), side)
    draw = PIL.ImageDraw.Draw(sheet)
    for line, (class_id, name) in enumerate(zip(classes, names, strict=True)):
        rows = candidates[labels == class_id]
        top = _MARGIN + line * (side + _GAP)
        draw.text(
            (_MARGIN, top + side / 2),
            _short(name, font, left - 2 * _MARGIN),
            _TEXT_COLOUR,
            font,
            anchor="lm",
        )
        _paste(sheet, split.images[rows[evenly_spaced(len(rows), COLUMNS)]], left, top, side)
    return sheet


def _grid(
    split: Split, rows: np.ndarray, texts: Sequence[str] | None, side: int
) -> PIL.Image.Image:
    below = _TEXT + 2 if texts else 0
    sheet = _paper(_MARGIN, math.ceil(len(rows) / COLUMNS), side, below)
    draw, font = PIL.ImageDraw.Draw(sheet), _font(9)
    for start in range(0, len(rows), COLUMNS):
        top = _MARGIN + start // COLUMNS * (side + below + _GAP)
        line = rows[start : start + COLUMNS]
        _paste(sheet, split.images[line], _MARGIN, top, side)
        for column, caption in enumerate(texts[start : start + COLUMNS] if texts else ()):
            middle = _MARGIN + column * (side + _GAP) + side / 2
            draw.text((middle, top + side + 2), caption, _TEXT_COLOUR, font, anchor="ma")
    return sheet


def _paper(left: int, lines: int, side: int, below: int = 0) -> PIL.Image.Image:
    width = left + COLUMNS * (side + _GAP) - _GAP + _MARGIN
    height = 2 * _MARGIN + lines * (side + below + _GAP) - _GAP
    return PIL.Image.new("RGB", (width, height), _PAPER)


def _paste(sheet: PIL.Image.Image, images: np.ndarray, left: int, top: int, side: int) -> None:
    for column, image in enumerate(images):
        shown = PIL.Image.fromarray(np.ascontiguousarray(image))
        if shown.width != side:
            shown = shown.resize((side, side), PIL.Image.Resampling.LANCZOS)
        sheet.paste(shown, (left + column * (side + _GAP), top))


def _font(size: int = _TEXT) -> PIL.ImageFont.FreeTypeFont | PIL.ImageFont.ImageFont:
    return PIL.ImageFont.load_default(size)


def _short(
    text: str, font: PIL.ImageFont.FreeTypeFont | PIL.ImageFont.ImageFont, width: float
) -> str:
    """`text`, cut so that it is not wider than `width` pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
