"""Paired tests: closed forms, and rows that cannot be paired."""

import dataclasses
import math

import pytest

from tfdeepsim.paired import all_pairs, holm, paired_test
from tfdeepsim.scores import Score, interval


def row(name, values, **fields):
    value, low, high = interval(values)
    score = Score(name, "ae", "pixel", "", "d", "mlp", "l1", value, low, high, 1.0, len(values))
    return dataclasses.replace(score, **({"over": "encoder", "values": tuple(values)} | fields))


def test_closed_form_of_two_seeds():
    # Differences 1 and 3: mean 2, standard error 1, one degree of freedom (Cauchy): p = 1 - 2/pi
    # atan(2).
    test = paired_test(row("a", [2.0, 5.0]), row("b", [1.0, 2.0]))
    assert (test.first, test.second, test.metric, test.seeds) == ("a", "b", "l1", 2)
    assert test.difference == 2
    assert test.p == pytest.approx(1 - 2 / math.pi * math.atan(2))
    assert (test.low, test.high) == pytest.approx((2 - 12.706, 2 + 12.706), abs=1e-3)


def test_interval_is_that_of_the_differences():
    a, b = [0.31, 0.35, 0.28, 0.33, 0.30], [0.62, 0.61, 0.60, 0.66, 0.59]
    test = paired_test(row("a", a), row("b", b))
    expected = interval([x - y for x, y in zip(a, b, strict=True)])
    assert (test.difference, test.low, test.high) == pytest.approx(expected, abs=1e-4)


def test_exchanging_rows_changes_only_the_sign():
    a, b = row("a", [0.3, 0.5, 0.2]), row("b", [0.4, 0.3, 0.9])
    one, other = paired_test(a, b), paired_test(b, a)
    assert one.p == pytest.approx(other.p)
    assert (one.difference, one.low, one.high) == pytest.approx(
        (-other.difference, -other.high, -other.low)
    )


def test_pairing_detects_a_difference_under_overlapping_intervals():
    seeds = [0.1, 0.5, 0.9, 1.3]
    a, b = row("a", seeds), row("b", [0.1 + x + 0.001 * i for i, x in enumerate(seeds)])
    assert a.high > b.low
    assert paired_test(a, b).p < 1e-5


def test_equal_rows_do_not_differ():
    test = paired_test(row("a", [0.1, 0.2, 0.4]), row("b", [0.1, 0.2, 0.4]))
    assert (test.difference, test.low, test.high, test.p) == (0, 0, 0, 1)
    assert test.is_constant


def test_constant_difference_raises_no_warning():
    test = paired_test(row("a", [0.3, 0.4, 0.5]), row("b", [0.2, 0.3, 0.4]))
    assert test.is_constant
    assert test.difference == pytest.approx(0.1)
    assert test.p == 0


@pytest.mark.parametrize(
    "other",
    [
        row("b", [1.0, 2.0, 3.0], over="probe"),
        row("b", [1.0, 2.0]),
        row("b", [1.0, 2.0, 3.0], metric="l2"),
        row("b", [1.0, 2.0, 3.0], probe="svm"),
        row("b", [1.0, 2.0, 3.0], dataset="e"),
        row("b", [1.0, math.nan, 3.0]),
        dataclasses.replace(row("b", [1.0, 2.0, 3.0]), values=()),
    ],
    ids=["probe seeds", "fewer seeds", "metric", "probe", "dataset", "NaN", "no values"],
)
def test_rows_that_cannot_be_paired(other):
    assert paired_test(row("a", [1.0, 2.0, 4.0]), other) is None


def test_single_seeds_are_not_tested():
    assert paired_test(row("a", [1.0]), row("b", [2.0])) is None


def test_all_pairs_leave_out_rows_that_cannot_be_paired():
    rows = [
        row("a", [1.0, 2.0]),
        row("b", [3.0, 5.0]),
        row("c", [1.0, 1.0], over="probe"),
        row("d", [0.0, 1.0]),
    ]
    assert [(test.first, test.second) for test in all_pairs(rows)] == [
        ("a", "b"),
        ("a", "d"),
        ("b", "d"),
    ]


def test_holm_by_hand():
    # Sorted: 0.01·4, 0.02·3, 0.03·2 (raised to the one before), 0.9.
    assert holm([0.03, 0.01, 0.9, 0.02]) == pytest.approx([0.06, 0.04, 0.9, 0.06])
    assert holm([0.4, 0.6]) == pytest.approx([0.8, 0.8])
    assert holm([0.7]) == [0.7]
    assert holm([]) == []
