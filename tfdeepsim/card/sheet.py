"""Pictures of images beside their nearest neighbours."""

from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from tfdeepsim.card.neighbours import Neighbours

# Longest side of an image in the picture, in pixels: small images are enlarged to about `SIDE`,
# large ones are shrunk to `LARGEST`.
SIDE, LARGEST = 128, 160
GAP, FRAME = 10, 3
FRAME_COLOUR = (31, 95, 191)


def neighbour_sheet(images: Any, neighbours: Neighbours) -> Image.Image:
    """A row for each query image: the image in a frame, then its neighbours, nearest first.

    Args:
        images: Images, uint8 [N, H, W, C] with C 1 or 3: an array, or any object that is indexed
            like one. Only the images in the picture are read.
        neighbours: Query images and their neighbours, as row numbers of `images`.
    """
    rows = np.column_stack([neighbours.queries, neighbours.indices])
    cells = [[_cell(images[int(index)]) for index in row] for row in rows]
    width, height = cells[0][0].size
    columns = [
        GAP + place * (width + GAP) + (2 * GAP if place else 0) for place in range(rows.shape[1])
    ]
    sheet = Image.new("RGB", (columns[-1] + width + GAP, GAP + len(rows) * (height + GAP)), "white")
    draw = ImageDraw.Draw(sheet)
    for number, row in enumerate(cells):
        top = GAP + number * (height + GAP)
        frame = (GAP - FRAME, top - FRAME, GAP + width + FRAME - 1, top + height + FRAME - 1)
        draw.rectangle(frame, fill=FRAME_COLOUR)
        for left, cell in zip(columns, row, strict=True):
            sheet.paste(cell, (left, top))
    return sheet


def _cell(image: np.ndarray) -> Image.Image:
    image = np.asarray(image)
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).convert("RGB")
    longest = max(picture.size)
    if longest > LARGEST:
        size = [max(1, round(side * LARGEST / longest)) for side in picture.size]
        return picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    factor = max(1, round(SIDE / longest))
    return picture.resize(
        (picture.width * factor, picture.height * factor), Image.Resampling.NEAREST
    )
