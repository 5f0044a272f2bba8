"""The labels of images on a map: a colour and a mark for each, in words, and the legend."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfdeepsim.report.figures.style import (
    BASELINE_COLOUR,
    DENSITY,
    FAINT,
    RUN_COLOURS,
    WIDTH,
    points,
    write,
)
from tfdeepsim.report.naming import shorten
from tfdeepsim.tables import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLASSES = 10
"""Largest number of classes with a colour of their own."""
MARKERS = "o^"
"""Marks of classes: the colours are used once with each, so that ten classes are told apart."""
OTHER = -1

_AXIS_NAMES = "xyz"
_NAME, _LONG = 18, 60
# Colours of two coordinates at the bottom and at the top: from left to right they differ in hue
# (blue to orange, which colour-blind people can tell apart), and bottom and top in lightness.
_BOTTOM = ("#00305f", "#6b1a5a", "#7a2f00")
_TOP = ("#7fc4f5", "#e79ad0", "#ffb74a")
_ENDS = (2, 98)  # percentiles of the values at the ends of the colours
_SIDE, _COLUMN, _LINE = 76, 160, 20  # CSS pixels of the legend


@dataclasses.dataclass(frozen=True, eq=False)
class LabelLook:
    """How the labels of n images are shown.

    Attributes:
        colours: Colour of each image, float `[n, 3]` from 0 to 1.
        markers: Index into `MARKERS` of each image's mark, int `[n]`.
        texts: Label of each image in words; empty strings without labels.
        classes: Name, colour and mark of each class in the legend.
        ranges: Name, and values at the ends of the colours, of the one or two coordinates that the
            colours show. Values beyond have the colour of the end.

    Example:
        >>> label_look(np.array([0, 0, 1]), ["cat", "dog"]).texts
        ['cat', 'cat', 'dog']
    """

    colours: np.ndarray
    markers: np.ndarray
    texts: list[str]
    classes: tuple[tuple[str, str, str], ...] = ()
    ranges: tuple[tuple[str, float, float], ...] = ()

    @property
    def height(self) -> int:
        """Height of the legend in CSS pixels."""
        if self.ranges:
            return _SIDE + 48 if len(self.ranges) == 2 else 56
        return _LINE * -(-len(self.classes) // _per_line()) + 14 if self.classes else 0


def label_look(labels: np.ndarray | None, class_names: Sequence[str], count: int = 0) -> LabelLook:
    """Choose how labels are shown.

    Args:
        labels: Classes, integer `[n]`, or values, float `[n]` or `[n, k]`; None without labels.
        class_names: Names of the classes 0, 1, ...; may be empty.
        count: Number of images, if there are no labels.
    """
    if labels is None:
        return LabelLook(_rgb([RUN_COLOURS[0]] * count), np.zeros(count, int), [""] * count)
    if labels.dtype.kind in "iub" and labels.ndim == 1:
        return _classes(labels.astype(np.int64), class_names)
    return _values(labels.reshape(len(labels), -1))


def draw_legend(figure: "Figure", look: LabelLook, left: float, top: float, height: float) -> None:
    """Draw the legend, whose upper left corner is at `left` and `top`.

    Args:
        figure: Figure of `height` CSS pixels.
        look: How the labels are shown.
        left: CSS pixels from the left edge.
        top: CSS pixels from the upper edge.
        height: Height of the figure in CSS pixels.
    """
    if look.ranges:
        _draw_ranges(figure, look.ranges, left, top, height)
    for place, (name, colour, marker) in enumerate(look.classes):
        x = left + place % _per_line() * _COLUMN
        y = top + place // _per_line() * _LINE + 8
        spot = figure.add_axes((x / WIDTH, 1 - (y + 6) / height, 12 / WIDTH, 12 / height))
        spot.set_axis_off()
        spot.plot([0], [0], marker, color=colour, markersize=points(8), mew=0)
        write(figure, (x + 18) / WIDTH, 1 - y / height, name, 12, va="center")


def _per_line() -> int:
    return WIDTH // _COLUMN


def _classes(labels: np.ndarray, class_names: Sequence[str]) -> LabelLook:
    """The classes with the most images have a colour and a mark, and all others are gray."""

    def name(label: int) -> str:
        return printable(class_names[label]) if 0 <= label < len(class_names) else str(label)

    found, counts = np.unique(labels, return_counts=True)
    shown = np.sort(found[np.argsort(-counts, kind="stable")[:CLASSES]])
    colour = {int(c): RUN_COLOURS[p % len(RUN_COLOURS)] for p, c in enumerate(shown)}
    marker = {int(c): p // len(RUN_COLOURS) for p, c in enumerate(shown)}
    legend = [(shorten(name(c), _NAME), colour[c], MARKERS[marker[c]]) for c in colour]
    if len(found) > len(shown):
        legend.append((f"{len(found) - len(shown)} others", BASELINE_COLOUR, MARKERS[0]))
    return LabelLook(
        _rgb([colour.get(int(label), BASELINE_COLOUR) for label in labels]),
        np.array([marker.get(int(label), OTHER) for label in labels]),
        [shorten(name(int(label)), _LONG) for label in labels],
        classes=tuple(legend),
    )


def _values(labels: np.ndarray) -> LabelLook:
    """One or two coordinates as colours."""
    names = [coordinate_name(index, labels.shape[1]) for index in range(labels.shape[1])]
    texts = [
        shorten(", ".join(f"{n} {v:.3g}" for n, v in zip(names, row, strict=True)), _LONG)
        for row in labels
    ]
    shown = labels[:, :2].astype(np.float64)
    low, high = np.percentile(shown, _ENDS, axis=0)
    shares = np.clip((shown - low) / np.where(high > low, high - low, 1), 0, 1)
    colours = _two_coordinates(shares) if shown.shape[1] == 2 else _one_coordinate(shares[:, 0])
    ranges = tuple(zip(names, low.tolist(), high.tolist(), strict=False))
    return LabelLook(colours, np.zeros(len(labels), int), texts, ranges=ranges)


def coordinate_name(index: int, count: int) -> str:
    """`x`, `y` or `z` of up to three coordinates, otherwise a number from 1."""
    return _AXIS_NAMES[index] if count <= len(_AXIS_NAMES) else str(index + 1)


def _one_coordinate(shares: np.ndarray) -> np.ndarray:
    import matplotlib

    # The ends of the map are too dark and too light beside the ink and the paper of the figure.
    return matplotlib.colormaps["cividis"](0.05 + 0.85 * shares)[..., :3]


def _two_coordinates(shares: np.ndarray) -> np.ndarray:
    """Colours float `[..., 3]` of places `[..., 2]` in the unit square."""
    across, up = 2 * shares[..., 0], shares[..., 1:]
    bottom, top = (
        np.stack([np.interp(across, (0, 1, 2), channel) for channel in _rgb(row).T], axis=-1)
        for row in (_BOTTOM, _TOP)
    )
    return (1 - up) * bottom + up * top


def _rgb(colours: Sequence[str]) -> np.ndarray:
    from matplotlib.colors import to_rgb

    return np.array([to_rgb(colour) for colour in colours]).reshape(-1, 3)


def _draw_ranges(
    figure: "Figure",
    ranges: Sequence[tuple[str, float, float]],
    left: float,
    top: float,
    height: float,
) -> None:
    """A square, or a bar for one coordinate, in the colours of the values that it stands for."""
    ramp = np.linspace(0, 1, _SIDE * DENSITY)
    if len(ranges) == 2:
        picture = _two_coordinates(np.stack(np.meshgrid(ramp, ramp), axis=-1))
        size, left = (_SIDE, _SIDE), left + 44
    else:
        picture, size = _one_coordinate(ramp)[None], (3 * _SIDE, 14)
    box = (left / WIDTH, 1 - (top + size[1]) / height, size[0] / WIDTH, size[1] / height)
    axes: Axes = figure.add_axes(box)
    beside = ((left + size[0] + 16) / WIDTH, 1 - (top + size[1] / 2) / height)
    write(figure, *beside, "label of the image", 12, color=FAINT, va="center")
    axes.imshow(picture, origin="lower", extent=(0, 1, 0, 1), aspect="auto")
    axes.spines[:].set_visible(False)
    names, *ends = zip(*ranges, strict=True)
    ticks = [[f"{value:.3g}" for value in pair] for pair in zip(*ends, strict=True)]
    axes.set_xticks([0, 1], ticks[0])
    axes.set_xlabel(names[0], labelpad=-points(8))
    axes.set_yticks([])
    if len(ranges) == 2:
        axes.set_yticks([0, 1], ticks[1])
        axes.set_ylabel(names[1], rotation=0, labelpad=-points(4), va="center")
