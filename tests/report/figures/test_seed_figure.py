import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.report.figures.seeds import limits, seed_panels
from tfdeepsim.report.figures.style import RUN_COLOURS
from tfdeepsim.report.row_comparison import RowComparison


def opened(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def inked(sheet, colour):
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return int(np.sum(sheet @ (1, 256, 65536) == wanted @ (1, 256, 65536)))


def test_every_encoder_is_drawn_in_its_colour(study_scores):
    sheet = opened(seed_panels(RowComparison(study_scores)))
    assert sheet.shape[1] == 2000
    assert all(inked(sheet, colour) > 200 for colour in RUN_COLOURS[:3])
    assert inked(sheet, RUN_COLOURS[3]) == 0


def test_points_and_interval_are_to_scale(make_score):
    # Two seeds at 0 and two at 1: half the interval is 3.182 * 0.577 / 2.
    scores = [make_score("a", (0.0, 0.0, 1.0, 1.0), over="encoder", chance=0.5)]
    sheet = opened(seed_panels(RowComparison(scores)))
    blue = np.argwhere(np.abs(sheet.astype(int) - (0, 114, 178)).max(axis=-1) < 40)
    columns = np.unique(blue[:, 1])
    gap = columns[np.argmax(np.diff(columns))]
    dots, bar = blue[blue[:, 1] <= gap, 0], blue[blue[:, 1] > gap, 0]
    between = np.ptp(dots) - 15  # from one centre to the other: less one dot
    np.testing.assert_allclose(np.ptp(bar) / between, 2 * 3.182 * 0.57735 / 2, rtol=0.03)


def test_one_panel_for_each_metric(study_scores, make_score):
    second = [dataclasses.replace(score, metric="l2") for score in study_scores]
    one, two = (
        opened(seed_panels(RowComparison(scores))).shape
        for scores in (study_scores, (*study_scores, *second))
    )
    # Three encoders: two panels stand beside each other.
    assert one == two


def test_no_figure_without_encoder_seeds(four_scores):
    assert seed_panels(RowComparison(four_scores)) is None
    assert seed_panels(None) is None


@pytest.mark.parametrize("rows", [1, 2, 6, 7, 12])
def test_any_number_of_rows_and_long_names(make_score, rows):
    names = [f"a-rather-long-name-$\\frac-of-run-{number}-of-many-others" for number in range(rows)]
    scores = [
        make_score(name, (0.3 + i, 0.31, 0.35), over="encoder") for i, name in enumerate(names)
    ]
    assert opened(seed_panels(RowComparison(scores))).shape[1] == 2000


@pytest.mark.parametrize("values", [(0.5, 0.5), (np.nan, 0.5), (1e9, 1e-9)])
def test_odd_values_are_drawn(make_score, values):
    assert seed_panels(RowComparison([make_score("a", values, over="encoder")]))


def test_levels_that_are_near_are_inside_the_axis():
    low, high = limits(1.0, 2.0, [2.5, 0.5])
    assert low < 0.5
    assert high > 2.5


def test_far_levels_do_not_squeeze_the_encoders():
    low, high = limits(80.0, 82.0, [10.0, 78.0])
    assert 77 < low < 78
    assert high < 83


def test_equal_values_have_an_axis():
    low, high = limits(0.5, 0.5, [])
    assert low < 0.5 < high
