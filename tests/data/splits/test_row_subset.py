"""Subsets of arrays, whose rows are gathered when they are indexed."""

import numpy as np
import pytest

from tfdeepsim.data.pipeline import batches, training_batches
from tfdeepsim.data.splits.split import Split
from tfdeepsim.data.splits.subset import Subset

ARRAY = np.random.default_rng(0).integers(256, size=(9, 4, 4, 3), dtype=np.uint8)
CHOSEN = np.array([7, 0, 3, 3, 8])


@pytest.mark.parametrize(
    "index",
    [
        2,
        -1,
        np.int64(1),
        slice(1, 4),
        slice(None),
        [4, 0],
        np.array([0, 0, 4]),
        np.array([True, False, True, False, True]),
    ],
    ids=str,
)
def test_rows_are_indexed_like_an_array(index):
    rows, expected = Subset(ARRAY, CHOSEN), ARRAY[CHOSEN]
    assert (rows.shape, rows.dtype, rows.ndim, len(rows)) == (expected.shape, np.uint8, 4, 5)
    assert type(rows[index]) is np.ndarray
    np.testing.assert_array_equal(rows[index], expected[index])


def test_rows_of_rows_and_of_files(tmp_path):
    np.save(tmp_path / "array.npy", ARRAY)
    mapped = np.load(tmp_path / "array.npy", mmap_mode="r")
    rows = Subset(Subset(mapped, CHOSEN), np.array([4, 1]))
    np.testing.assert_array_equal(np.asarray(rows), ARRAY[[8, 0]])
    assert type(rows[:]) is np.ndarray
    assert np.asarray(rows, np.float32).dtype == np.float32


def test_rows_out_of_range_are_an_error():
    with pytest.raises(IndexError):
        Subset(ARRAY, CHOSEN)[5]
    with pytest.raises(ValueError, match="gathered"):
        np.array(Subset(ARRAY, CHOSEN), copy=False)


def test_batches_are_made_of_rows():
    split = Split(Subset(ARRAY, CHOSEN), {"row": CHOSEN})
    for data in (
        batches(split, 2),
        training_batches(split, batch_size=2, seed=0, steps=range(4)),
    ):
        for batch in data.as_numpy_iterator():
            np.testing.assert_array_equal(
                batch["image"], ARRAY[batch["row"]].astype(np.float32) / 255
            )
