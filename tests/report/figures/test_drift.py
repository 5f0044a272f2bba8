"""Curves of features that drift."""

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.report.figures.drift import write_drift
from tfdeepsim.report.figures.style import RUN_COLOURS


def written(path, curves):
    write_drift(path, curves)
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def rows_inked(sheet, colour):
    """Row of each pixel of a colour, left of the names."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return np.nonzero((sheet[:, :1500] == wanted).all(axis=-1))[0]


CURVES = {
    "pool5, deepsim": np.linspace(0.2, 0.3, 20),
    "relu6, deepsim": np.linspace(0.5, 0.9, 20),
    "relu6, pixel": np.linspace(0.6, 1.4, 20),
}


def test_every_curve_is_drawn_in_its_colour(tmp_path):
    sheet = written(tmp_path / "new" / "drift.png", CURVES)
    assert sheet.shape == (840, 2000, 3)
    for colour in RUN_COLOURS[:3]:
        assert len(rows_inked(sheet, colour)) > 500
    assert not len(rows_inked(sheet, RUN_COLOURS[3]))


def test_a_larger_error_stands_higher(tmp_path):
    sheet = written(tmp_path / "drift.png", CURVES)
    low, middle, high = (rows_inked(sheet, colour).mean() for colour in RUN_COLOURS[:3])
    assert high < middle < low


def test_the_axis_is_in_percent_and_begins_at_0(tmp_path):
    shares = (0.3, 0.6, 1.2)
    sheet = written(tmp_path / "drift.png", {str(share): np.full(20, share) for share in shares})
    heights = [rows_inked(sheet, colour).mean() for colour in RUN_COLOURS[:3]]
    slope, bottom = np.polyfit(shares, heights, 1)
    np.testing.assert_allclose(heights, bottom + slope * np.array(shares), atol=2)
    assert bottom == pytest.approx(840 - 2 * 52, abs=3)
    hundred = sheet[round(bottom + slope) - 2 : round(bottom + slope) + 3, 200:1500]
    assert (hundred.min(axis=0) < 180).all()  # a line at that of another image, all along


@pytest.mark.parametrize("name", ["$x^$", "a" * 60, "Größe", "_hidden"])
def test_names_are_drawn_as_they_are(tmp_path, name):
    sheet, without = (written(tmp_path / "drift.png", {n: np.ones(3) / 2}) for n in (name, " "))
    assert not np.array_equal(sheet[:, 1640:], without[:, 1640:])


def test_more_curves_than_colours(tmp_path):
    many = {str(number): np.full(5, 0.1 * number) for number in range(1, 9)}
    sheet = written(tmp_path / "drift.png", many)
    assert len(np.unique(rows_inked(sheet, RUN_COLOURS[0]))) >= 4


def test_an_earlier_file_is_replaced(tmp_path):
    first = written(tmp_path / "drift.png", CURVES)
    second = written(tmp_path / "drift.png", dict(list(CURVES.items())[:1]))
    assert not np.array_equal(first, second)
    assert [path.name for path in tmp_path.iterdir()] == ["drift.png"]
