"""A map of each row's embeddings: images with similar embeddings lie together."""

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfdeepsim.report.embedded_images import EmbeddedImages
from tfdeepsim.report.figures.embedding_map_labels import (
    MARKERS,
    OTHER,
    LabelLook,
    draw_legend,
    label_look,
)
from tfdeepsim.report.figures.embedding_map_points import map_points
from tfdeepsim.report.figures.style import (
    FAINT,
    LINE,
    WIDTH,
    add_header,
    colours,
    new_figure,
    png,
    points,
    styled,
    write,
)
from tfdeepsim.report.naming import metric_name
from tfdeepsim.report.record import Record
from tfdeepsim.report.row_comparison import RowComparison
from tfdeepsim.report.wording import cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCALE = 10_000
"""Units of `EmbeddingMap.places` to the width, and to the height, of the figure."""

_COLUMNS = 4
_HEADER, _NOTE, _GAP = 34, 46, 24  # CSS pixels above, below and between panels
_MARGIN = 0.03  # of a panel's side, around its points


@dataclasses.dataclass(frozen=True, eq=False)
class EmbeddingMap:
    """The figure, and where its points are.

    Attributes:
        png: Content of the PNG file.
        places: Place of each image in the panel of each row, int64 `[rows, n, 2]`: from the left
            and from the top, in `SCALE` parts of the figure's width and height.
        texts: Label of each image in words.
        images: The images, uint8 `[n, H, W, C]`.
        methods: Method of each panel, as of `map_points`, by the row's full name.
        coordinates: Number of coordinates that the colours show; 0 if they show none.

    Example:
        >>> drawn = embedding_map(records, shown, comparison)
        >>> drawn.places.shape
        (4, 1000, 2)
    """

    png: bytes
    places: np.ndarray
    texts: list[str]
    images: np.ndarray
    methods: dict[str, str]
    coordinates: int


def embedding_map(
    records: Sequence[Record], shown: EmbeddedImages | None, comparison: RowComparison | None
) -> EmbeddingMap | None:
    """Draw a panel for each row, with a point for each image in the colour of its label.

    Args:
        records: Files of all rows.
        shown: Images and their embeddings; None if there are none.
        comparison: Scores that stand below the panels; None if the dataset has no labels.

    Returns:
        The figure; None if no row has embeddings of two images.
    """
    from tfdeepsim.progress import ProgressBar

    if shown is None or len(shown.images) < 2:
        return None
    rows = [
        (colour, record)
        for colour, record in zip(colours(records), records, strict=True)
        if record.name in shown.embeddings
    ]
    if not rows:
        return None
    bar = ProgressBar("Drawing maps of the embeddings", len(rows))
    found = [map_points(shown.embeddings[record.name]) for _, record in bar.track(rows)]
    look = label_look(shown.labels, records[0].class_names, len(shown.images))
    with styled():
        content, places = _draw(rows, [place for place, _ in found], look, comparison)
    return EmbeddingMap(
        content,
        places,
        look.texts,
        shown.images,
        {record.full_name: method for (_, record), (_, method) in zip(rows, found, strict=True)},
        len(look.ranges),
    )


def _draw(
    rows: Sequence[tuple[str, Record]],
    maps: Sequence[np.ndarray],
    look: LabelLook,
    comparison: RowComparison | None,
) -> tuple[bytes, np.ndarray]:
    lines = math.ceil(len(rows) / _COLUMNS)
    columns = max(2, math.ceil(len(rows) / lines))
    wide = WIDTH / columns
    side = wide - _GAP
    block = _HEADER + side + _NOTE
    height = look.height + lines * block
    figure = new_figure(WIDTH, height)
    draw_legend(figure, look, _GAP / 2, 12, height)
    places = []
    for slot, ((colour, record), points_of_row) in enumerate(zip(rows, maps, strict=True)):
        left = slot % columns * wide + _GAP / 2
        top = look.height + slot // columns * block + _HEADER
        axes = figure.add_axes(
            (left / WIDTH, 1 - (top + side) / height, side / WIDTH, side / height)
        )
        add_header(axes, record, colour)
        _panel(axes, points_of_row, look, side)
        if comparison is not None:
            for line, text in enumerate(_score(comparison, record)):
                y = -(8 + 16 * line) / side
                write(axes, 0, y, text, 12, color=FAINT, va="top", transform=axes.transAxes)
        shares = (points_of_row + _MARGIN) / (1 + 2 * _MARGIN)
        across, down = left + shares[:, 0] * side, top + (1 - shares[:, 1]) * side
        places.append(np.column_stack([across / WIDTH, down / height]))
    return png(figure), np.rint(np.array(places) * SCALE).astype(np.int64)


def _panel(axes: "Axes", places: np.ndarray, look: LabelLook, side: float) -> None:
    size = points(max(3.5, min(8.0, 0.42 * side / math.sqrt(len(places)))))
    # Datasets are often sorted by class: in a random order no class lies above all others.
    order = np.random.default_rng(0).permutation(len(places))
    for group in (OTHER, *range(len(MARKERS))):
        rows = order[look.markers[order] == group]
        axes.scatter(
            places[rows, 0],
            places[rows, 1],
            s=size**2,
            c=look.colours[rows],
            marker=MARKERS[max(group, 0)],
            alpha=0.4 if group == OTHER else 0.85,
            linewidths=0,
        )
    limits = (-_MARGIN, 1 + _MARGIN)
    axes.set(xlim=limits, ylim=limits, xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=LINE)


def _score(comparison: RowComparison, record: Record) -> tuple[str, str]:
    """What was measured, and the value."""
    metric = comparison.metrics[0]
    unit = " %" if metric == "accuracy" else ""
    return (
        f"{metric_name(metric)}, {comparison.probe} probes",
        f"{cell(comparison, record.name, metric)}{unit}",
    )
