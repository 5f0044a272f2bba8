"""Rows of images below each other: originals, and one row for each model that generates them.

Fig. 3 of Dosovitskiy & Brox 2016 is such a picture.
"""

import os
from collections.abc import Mapping

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.report.figures.sheet import ImageRow, sheet
from tfdeepsim.report.figures.style import run_colour, styled
from tfdeepsim.report.naming import shorten

MOST = 12
"""Number of images that are shown of each row."""

_TITLE, _SUBTITLE = 11, 16  # characters that fit beside the images, in bold and below that


def write_image_rows(path: str | os.PathLike, rows: Mapping[str, np.ndarray]) -> None:
    """Write a PNG file of rows of images, each with its name at the left.

    Small images are enlarged by a whole number, without interpolation, so that the picture is not
    blurred where the images are sharp.

    Args:
        path: Path of the file, which is replaced if it exists; its folder is created.
        rows: Name of each row to its images, uint8 [n, H, W, 3], in the order shown, the originals
            first. The first 12 images are shown. The first words of a long name are shown as a
            title, the others below it.

    Raises:
        InputError: If there is no row, if a row holds no such images, or if the rows differ in
            shape.
    """
    _check(rows)
    block = [
        ImageRow(
            np.asarray(images)[:MOST],
            *_label(name),
            colour=run_colour(place - 1) if place else "white",
        )
        for place, (name, images) in enumerate(rows.items())
    ]
    with styled():
        picture = sheet([block])
    with replacing(path) as new:
        new.write_bytes(picture)


def _label(name: str) -> tuple[str, str]:
    """Title and subtitle: as many words as fit, and the others."""
    title, *others = name.split() or [""]
    while others and len(f"{title} {others[0]}") <= _TITLE:
        title = f"{title} {others.pop(0)}"
    return title, shorten(" ".join(others), _SUBTITLE)


def _check(rows: Mapping[str, np.ndarray]) -> None:
    if not rows:
        raise InputError(
            "a picture needs rows",
            got="none",
            accepted="a row of originals, and other rows below it",
        )
    first = np.shape(next(iter(rows.values())))
    for name, images in rows.items():
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3 or not images.size:
            raise InputError(
                f"row '{name}' must be colour images",
                got=f"{images.dtype} {list(images.shape)}",
                accepted="uint8 [images, height, width, 3]",
            )
        if images.shape != first:
            raise InputError(
                f"row '{name}' must have the shape of the first",
                got=list(images.shape),
                accepted=list(first),
            )
