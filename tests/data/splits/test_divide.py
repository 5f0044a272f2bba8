"""Rows divided by shares."""

import numpy as np
import pytest

from tfdeepsim.data.splits.divide import divide
from tfdeepsim.errors import InputError

SHARES = (0.7, 0.1, 0.2)


def test_splits_are_disjoint_sorted_and_cover_all_rows():
    splits = divide(1000, SHARES, seed=3)
    assert [len(rows) for rows in splits] == [700, 100, 200]
    np.testing.assert_array_equal(np.sort(np.concatenate(splits)), np.arange(1000))
    for rows in splits:
        assert rows.dtype == np.int64
        assert (np.diff(rows) > 0).all()


def test_the_seed_decides():
    first, same, other = (divide(100, SHARES, seed)[2].tolist() for seed in (1, 1, 2))
    assert first == same != other


def test_the_division_is_the_same_on_every_machine():
    assert [rows.tolist() for rows in divide(10, SHARES, seed=0)] == [
        [2, 3, 4, 5, 6, 7, 9],
        [0],
        [1, 8],
    ]


def test_each_split_holds_the_same_shares_of_the_classes():
    labels = np.repeat([0, 1, 7], [600, 30, 3])[np.random.default_rng(0).permutation(633)]
    splits = divide(633, SHARES, 0, labels)
    counts = [[int((labels[rows] == label).sum()) for label in (0, 1, 7)] for rows in splits]
    assert counts == [[420, 21, 1], [60, 3, 1], [120, 6, 1]]
    np.testing.assert_array_equal(np.sort(np.concatenate(splits)), np.arange(633))


@pytest.mark.parametrize("labels", [np.zeros(50, np.float32), np.zeros((50, 2), np.float32), None])
def test_labels_that_are_not_classes_do_not_matter(labels):
    expected = divide(50, SHARES, 5)
    for rows, same in zip(divide(50, SHARES, 5, labels), expected, strict=True):
        np.testing.assert_array_equal(rows, same)


@pytest.mark.parametrize("count", range(3, 40))
def test_no_split_is_ever_empty(count):
    splits = divide(count, (0.98, 0.01, 0.01), 0)
    assert min(map(len, splits)) >= 1
    assert sum(map(len, splits)) == count


def test_too_few_examples_are_refused():
    with pytest.raises(InputError, match="got 2 for 3 splits; accepted: 3 or more"):
        divide(2, SHARES, 0)
    labels = np.array([0, 0, 0, 1, 1, 2])
    with pytest.raises(InputError, match="class 1 with 2 for 3 splits, and 1 more such"):
        divide(6, SHARES, 0, labels)
    with pytest.raises(InputError, match="class 'dog' with 2 for 3 splits"):
        divide(6, SHARES, 0, labels, ["cat", "dog", "eel"])
