"""Which images of a split are shown."""

import numpy as np
import pytest

from tfdeepsim.data.splits.examples import evenly_spaced, example_rows
from tfdeepsim.data.splits.split import Split


def split_of(labels, name="label"):
    return Split(np.zeros((len(labels), 4, 4, 3), np.uint8), {name: np.asarray(labels)})


def counts(labels, count):
    rows = example_rows(split_of(labels), count)
    assert (np.diff(rows) > 0).all()
    return np.bincount(np.asarray(labels)[rows]).tolist()


def test_numbers_are_evenly_spaced():
    assert evenly_spaced(5, 10).tolist() == [0, 1, 2, 3, 4]
    assert evenly_spaced(100, 3).tolist() == [0, 50, 99]
    assert evenly_spaced(1, 3).tolist() == [0]


@pytest.mark.parametrize(
    ("sizes", "count", "expected"),
    [
        ([50, 50], 8, [4, 4]),
        ([90, 5, 5], 6, [2, 2, 2]),
        ([90, 1, 5], 8, [4, 1, 3]),
        ([20] * 3, 8, [3, 3, 2]),
        ([2, 1, 1], 8, [2, 1, 1]),
    ],
)
def test_each_class_gets_as_many_images_as_any_other(sizes, count, expected):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    assert counts(labels, count) == expected
    shuffled = np.random.default_rng(0).permutation(labels)
    assert counts(shuffled, count) == expected


def test_of_many_classes_some_are_taken_at_equal_distances():
    labels = np.repeat(np.arange(100), 4)
    rows = example_rows(split_of(labels), 5)
    assert labels[rows].tolist() == [0, 25, 50, 74, 99]


def test_images_of_a_class_are_taken_at_equal_distances():
    assert example_rows(split_of(np.repeat([0, 1], 9)), 6).tolist() == [0, 4, 8, 9, 13, 17]


@pytest.mark.parametrize(
    "split",
    [
        Split(np.zeros((100, 4, 4, 3), np.uint8), {}),
        split_of(np.zeros((100, 1), np.float32)),
        split_of(np.arange(100), "episode"),
    ],
    ids=["no labels", "numbers", "other integers"],
)
def test_without_classes_rows_are_taken_at_equal_distances(split):
    assert example_rows(split, 3).tolist() == [0, 50, 99]
    assert example_rows(split, 200).tolist() == list(range(100))
