"""Intervals and the CSV of results."""

import csv
import dataclasses
import math
import sys

import numpy as np
import pytest
from scipy import stats

from tfdeepsim.data.llv2.frame import SIDE
from tfdeepsim.scores import BASELINES, PIXELS_PER_UNIT, Score, in_pixels, interval, write_csv

SCORE = Score(
    "pae", "ae", "perceptual", "random_alexnet:relu2", "llv2", "mlp", "l1", 0.3, 0.2, 0.4, 0.85, 5
)


def test_interval_closed_form():
    # Two values: mean ± t · s / √2, with s = √2 · half their difference. One degree of freedom is
    # the Cauchy distribution, whose quantile is a tangent.
    t = math.tan(math.pi * 0.475)
    assert t == pytest.approx(12.706, abs=1e-3)
    assert interval([1.0, 3.0]) == pytest.approx((2.0, 2 - t, 2 + t))
    assert interval([4.0] * 6) == (4.0, 4.0, 4.0)


@pytest.mark.parametrize("n", [2, 5, 31, 32, 33, 100])
def test_interval_matches_the_t_distribution(n):
    values = np.random.default_rng(n).normal(0.3, 0.1, size=n)
    expected = stats.t.interval(0.95, n - 1, loc=values.mean(), scale=stats.sem(values))
    mean, low, high = interval(list(values))
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx(expected, rel=1e-9)


def test_single_value_has_no_interval():
    mean, low, high = interval([0.5])
    assert mean == 0.5
    assert math.isnan(low)
    assert math.isnan(high)


def test_csv_has_all_columns(tmp_path):
    write_csv(tmp_path / "s.csv", [dataclasses.replace(SCORE, values=(0.1, 0.5))])
    with open(tmp_path / "s.csv") as file:
        rows = list(csv.DictReader(file))
    columns = (
        "run,model,loss,comparator,dataset,probe,metric,value,low,high,chance,seeds,over,values,"
        "saw_labels,encoder_saw_labels"
    )
    assert list(rows[0]) == columns.split(",")
    assert float(rows[0]["low"]) == 0.2
    assert rows[0]["values"] == "0.1 0.5"


def test_baselines_are_recognised_by_their_model():
    assert not SCORE.is_baseline
    assert all(dataclasses.replace(SCORE, model=model).is_baseline for model in BASELINES)


def test_distances_on_llv2_in_pixels():
    score = dataclasses.replace(SCORE, dataset="llv2/paper", values=(0.25, 0.5))
    pixels = in_pixels(score)
    assert pixels == dataclasses.replace(
        score,
        metric="l1_pixels",
        value=pytest.approx(9.6),
        low=pytest.approx(6.4),
        high=pytest.approx(12.8),
        chance=pytest.approx(27.2),
        values=(8.0, 16.0),
    )
    assert in_pixels(dataclasses.replace(score, metric="l2")).metric == "l2_pixels"
    assert in_pixels(pixels) is None
    assert in_pixels(dataclasses.replace(score, metric="accuracy")) is None
    assert in_pixels(dataclasses.replace(score, dataset="npz:llv2.npz")) is None


def test_a_unit_of_a_position_is_32_pixels_along_both_axes():
    from tfdeepsim.data.llv2.simulator import LunarLander, record

    lunar_lander = sys.modules[LunarLander.__module__]
    for side in (lunar_lander.VIEWPORT_W, lunar_lander.VIEWPORT_H):
        # A unit is half of a side of the screen, which is drawn and then resized.
        assert side / 2 * SIDE / side == PIXELS_PER_UNIT
    positions, centres = [], []
    for frame in np.concatenate([record(seed, frames=20, stride=5) for seed in range(3)]):
        image = frame["image"].astype(float)
        violet = np.maximum(image[..., 2] - image[..., 1], 0)  # the colour of the lander alone
        violet[violet < 40] = 0
        x, y = frame["state"][:2]
        if abs(x) < 0.8 and 0.1 < y < 1.3 and violet.any():
            columns, rows = violet.sum(axis=0), violet.sum(axis=1)
            centres.append([np.average(range(SIDE), weights=sums) for sums in (columns, rows)])
            positions.append([x, -y])
    assert len(positions) > 20
    for axis in (0, 1):
        slope, _ = np.polyfit(np.array(positions)[:, axis], np.array(centres)[:, axis], 1)
        assert slope == pytest.approx(PIXELS_PER_UNIT, rel=0.03)


def test_direction_of_the_metric():
    assert not SCORE.higher_is_better
