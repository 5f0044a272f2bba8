"""Intervals and the CSV of results."""

import csv
import dataclasses
import math

import pytest

from tfdeepsim.scores import BASELINES, Score, interval, write_csv

SCORE = Score(
    "pae", "ae", "perceptual", "random_alexnet:relu2", "llv2", "mlp", "l1", 0.3, 0.2, 0.4, 0.85, 5
)


def test_interval_closed_form():
    # Two values: mean ± 12.706 · s / √2, with s = √2 · half their difference.
    assert interval([1.0, 3.0]) == pytest.approx((2.0, 2 - 12.706, 2 + 12.706))
    assert interval([4.0] * 6) == (4.0, 4.0, 4.0)


def test_interval_matches_the_t_distribution():
    stats = pytest.importorskip("scipy.stats", reason="an independent quantile of Student's t")
    values = [0.1, 0.4, 0.2, 0.5, 0.3]
    _, low, high = interval(values)
    expected = stats.t.interval(0.95, 4, loc=0.3, scale=stats.sem(values))
    assert (low, high) == pytest.approx(expected, abs=1e-4)


def test_single_value_has_no_interval():
    mean, low, high = interval([0.5])
    assert mean == 0.5
    assert math.isnan(low)
    assert math.isnan(high)


def test_files(tmp_path):
    write_csv(tmp_path / "s.csv", [dataclasses.replace(SCORE, values=(0.1, 0.5))])
    with open(tmp_path / "s.csv") as file:
        rows = list(csv.DictReader(file))
    columns = (
        "run,model,loss,comparator,dataset,probe,metric,value,low,high,chance,seeds,over,values"
    )
    assert list(rows[0]) == columns.split(",")
    assert float(rows[0]["low"]) == 0.2
    assert rows[0]["values"] == "0.1 0.5"


def test_baselines_are_known_by_their_model():
    assert not SCORE.is_baseline
    assert all(dataclasses.replace(SCORE, model=model).is_baseline for model in BASELINES)


def test_direction():
    assert not SCORE.higher_is_better
