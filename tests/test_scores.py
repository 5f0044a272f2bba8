"""Intervals and the CSV of results."""

import csv
import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

from tfdeepsim.scores import BASELINES, Score, interval, write_csv

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
        "run,model,loss,comparator,dataset,probe,metric,value,low,high,chance,seeds,over,values"
    )
    assert list(rows[0]) == columns.split(",")
    assert float(rows[0]["low"]) == 0.2
    assert rows[0]["values"] == "0.1 0.5"


def test_baselines_are_recognised_by_their_model():
    assert not SCORE.is_baseline
    assert all(dataclasses.replace(SCORE, model=model).is_baseline for model in BASELINES)


def test_direction_of_the_metric():
    assert not SCORE.higher_is_better
