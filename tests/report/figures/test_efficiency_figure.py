import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.probes.label_efficiency import Efficiency, Point
from tfdeepsim.report.figures.efficiency import efficiency_panels
from tfdeepsim.report.figures.style import BASELINE_COLOUR, RUN_COLOURS


def curve(task="classification", examples=(10, 100, 1000), value=0.5, low=0.4, high=0.6):
    metrics = {"classification": ("accuracy",), "regression": ("l1", "l2")}[task]
    points = [
        Point(m, n / 1000, n, n, value, low, high, 0.1, (value,)) for m in metrics for n in examples
    ]
    return Efficiency("mlp", task, points)


@pytest.fixture
def record(make_run, make_score, read_scored):
    score = make_score("ae", metric="accuracy")
    return dataclasses.replace(read_scored(make_run(score), score), efficiency=curve())


def inked(png, colour):
    sheet = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return int(np.sum(sheet @ (1, 256, 65536) == wanted @ (1, 256, 65536)))


def test_each_row_has_a_curve_in_its_colour(record):
    other = dataclasses.replace(record, efficiency=curve(value=0.3))
    baseline = dataclasses.replace(record, model="pca", system="PCA", efficiency=curve(value=0.2))
    png = efficiency_panels([record, other, baseline])
    for colour in (*RUN_COLOURS[:2], BASELINE_COLOUR):
        assert inked(png, colour) > 500
    assert inked(png, RUN_COLOURS[2]) == 0


def test_one_panel_for_each_metric(record):
    one, two = (
        Image.open(
            io.BytesIO(efficiency_panels([dataclasses.replace(record, efficiency=curve(task))]))
        ).size
        for task in ("classification", "regression")
    )
    assert two == (one[0], 2 * one[1])


@pytest.mark.parametrize(
    "odd",
    [
        curve(examples=(7,)),
        curve(low=float("nan"), high=float("nan")),
        curve(value=0.1, low=0.1, high=0.1),
        curve(examples=(990, 995, 1000)),
    ],
    ids=["one point", "no interval", "at chance", "close points"],
)
def test_odd_curves_are_drawn(record, odd):
    assert efficiency_panels([dataclasses.replace(record, efficiency=odd)])


def test_more_rows_than_colours(record):
    assert efficiency_panels([record] * 12)


def test_no_curves_no_figure(record):
    assert efficiency_panels([dataclasses.replace(record, efficiency=None)]) is None
