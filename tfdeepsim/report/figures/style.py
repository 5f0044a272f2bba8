"""The look of all figures: their size, fonts and colours."""

import contextlib
import io
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfdeepsim.report.naming import shorten
from tfdeepsim.report.record import Record
from tfdeepsim.tables import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

# The colours of Okabe and Ito, which colour-blind people can tell apart, without yellow, which is
# hard to see on white.
RUN_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#444444")
BASELINE_COLOUR = "#8c959f"
INK = "#1f2328"
FAINT = "#6a737d"
LINE = "#d0d7de"
# Figures are drawn for a column of 1000 CSS pixels, with two image pixels in each.
WIDTH = 1000
DENSITY = 2
_POINTS_PER_PIXEL = 0.72
_SETTINGS: Any = {
    "axes.edgecolor": LINE,
    "axes.labelcolor": FAINT,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so figures are the same everywhere
    "font.size": 12 * _POINTS_PER_PIXEL,
    "axes.labelsize": 12 * _POINTS_PER_PIXEL,
    "axes.titlesize": 13 * _POINTS_PER_PIXEL,
    "grid.color": "#eaeef2",
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": LINE,
    "xtick.labelcolor": FAINT,
    "ytick.color": LINE,
    "ytick.labelcolor": FAINT,
}


def run_colour(index: int) -> str:
    """The colour of the encoder at `index` in the report, in all figures and on the page."""
    return RUN_COLOURS[index % len(RUN_COLOURS)]


def colours(records: Sequence[Record]) -> list[str]:
    """The colour of each row: encoders have different colours, all baselines the same."""
    places = itertools.count()
    return [
        BASELINE_COLOUR if record.is_baseline else run_colour(next(places)) for record in records
    ]


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Draw with the settings of this module, whatever the user's Matplotlib settings are."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def new_figure(width: float, height: float) -> "Figure":
    """An empty white figure.

    Args:
        width: Width in CSS pixels.
        height: Height in CSS pixels.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width / 100, height / 100), dpi=100 * DENSITY, facecolor="white")


def png(picture: "Figure | np.ndarray") -> bytes:
    """A figure, or its pixels, as the content of a PNG file."""
    from PIL import Image

    pixels = picture if isinstance(picture, np.ndarray) else pixels_of(picture)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    return file.getvalue()


def pixels_of(figure: "Figure") -> np.ndarray:
    """The drawn figure, uint8 `[height, width, 3]`, in which pixels can be replaced exactly."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]


def points(pixels: float) -> float:
    """A length in CSS pixels in typographic points, Matplotlib's unit for fonts and lines."""
    return pixels * _POINTS_PER_PIXEL


def write(place: Any, x: float, y: float, text: str, pixels: float = 12, **settings: Any) -> "Text":
    """Write text on a figure or axes, without reading formulas in it."""
    return place.text(x, y, drawable(text), fontsize=points(pixels), parse_math=False, **settings)


def add_header(axes: "Axes", record: Record, colour: str) -> None:
    """Write the name of a row above a panel: its colour, its kind, and as much of its own name as
    fits."""
    from matplotlib.patches import Rectangle

    figure, box = axes.figure, axes.get_position()
    width, height = figure.bbox.width / DENSITY, figure.bbox.height / DENSITY
    left, bottom = box.x0, box.y1 + 9 / height
    figure.add_artist(Rectangle((left, bottom), 4 / width, 17 / height, color=colour, linewidth=0))
    title = shorten(record.system, max(3, int((box.width * width - 10) / 10)))
    system = write(figure, left + 10 / width, bottom + 4 / height, title, 14, weight="bold")
    room = int((box.width * width - 10 - 11 * len(title)) / 7)
    if not record.short_name or room < 3:
        return
    axes.annotate(
        drawable(shorten(record.short_name, room)),
        xy=(1, 0),
        xycoords=system,
        xytext=(points(7), 0),
        textcoords="offset points",
        va="bottom",
        fontsize=points(12),
        color=FAINT,
        parse_math=False,
    )


def drawable(text: str) -> str:
    """`text` with a question mark for each character that the font of the figures lacks."""
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont("DejaVu Sans"))
    return "".join(c if font.get_char_index(ord(c)) else "?" for c in printable(text))
