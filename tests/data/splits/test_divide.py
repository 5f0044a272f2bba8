"""Rows divided by shares."""

import numpy as np
import pytest

from tfdeepsim.data.splits.divide import divide
from tfdeepsim.errors import InputError

SHARES = (0.7, 0.1, 0.2)


def test_parts_are_disjoint_sorted_and_cover_all():
    parts = divide(1000, SHARES, seed=3)
    assert [len(part) for part in parts] == [700, 100, 200]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(1000))
    for part in parts:
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()


def test_the_seed_decides():
    first, same, other = (divide(100, SHARES, seed)[2].tolist() for seed in (1, 1, 2))
    assert first == same != other


def test_the_division_is_the_same_on_every_machine():
    assert [part.tolist() for part in divide(10, SHARES, seed=0)] == [
        [2, 3, 4, 5, 6, 7, 9],
        [0],
        [1, 8],
    ]


def test_each_class_is_in_each_part_in_like_shares():
    labels = np.repeat([0, 1, 7], [600, 30, 3])[np.random.default_rng(0).permutation(633)]
    parts = divide(633, SHARES, 0, labels)
    counts = [[int((labels[part] == label).sum()) for label in (0, 1, 7)] for part in parts]
    assert counts == [[420, 21, 1], [60, 3, 1], [120, 6, 1]]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(633))


@pytest.mark.parametrize("labels", [np.zeros(50, np.float32), np.zeros((50, 2), np.float32), None])
def test_what_is_no_class_does_not_matter(labels):
    expected = divide(50, SHARES, 5)
    for part, same in zip(divide(50, SHARES, 5, labels), expected, strict=True):
        np.testing.assert_array_equal(part, same)


@pytest.mark.parametrize("count", range(3, 40))
def test_no_part_is_ever_empty(count):
    parts = divide(count, (0.98, 0.01, 0.01), 0)
    assert min(map(len, parts)) >= 1
    assert sum(map(len, parts)) == count


def test_too_few_are_refused():
    with pytest.raises(InputError, match="got 2 for 3 splits; accepted: 3 or more"):
        divide(2, SHARES, 0)
    labels = np.array([0, 0, 0, 1, 1, 2])
    with pytest.raises(InputError, match="class 1 with 2 for 3 splits, and 1 more such"):
        divide(6, SHARES, 0, labels)
    with pytest.raises(InputError, match="class 'dog' with 2 for 3 splits"):
        divide(6, SHARES, 0, labels, ["cat", "dog", "eel"])
