"""Functions over batches: the same values as at once, in bounded memory."""

import numpy as np
import pytest

from tfdeepsim.batches import batch_size_of, batch_slices, over_batches

IMAGES = np.random.default_rng(0).integers(0, 256, (11, 4, 6, 3), np.uint8)


class Lazy:
    """Indexed like an array; remembers how many rows were read at a time."""

    def __init__(self, array):
        self.array, self.shape, self.read = array, array.shape, []

    def __len__(self):
        return len(self.array)

    def __getitem__(self, index):
        rows = self.array[index]
        self.read.append(len(rows))
        return rows


def means(batch):
    return batch.astype(np.float64).mean(axis=(1, 2))


@pytest.mark.parametrize("batch_size", [1, 3, 11, 50, None])
@pytest.mark.parametrize("rows", [None, np.array([7, 7, 0, 10])])
def test_the_same_as_at_once(batch_size, rows):
    expected = means(IMAGES if rows is None else IMAGES[rows])
    result = over_batches(means, IMAGES, rows=rows, batch_size=batch_size)
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(("rows", "sizes"), [(None, [4, 4, 3]), (np.arange(5), [4, 1])])
def test_only_one_batch_is_read_and_computed_at_a_time(rows, sizes):
    images, computed = Lazy(IMAGES), []

    def function(batch):
        computed.append(len(batch))
        return batch

    result = over_batches(function, images, rows=rows, batch_size=4)
    assert images.read == computed == sizes
    np.testing.assert_array_equal(result, IMAGES[: sum(sizes)])


def test_tensors_become_arrays():
    import tensorflow as tf

    result = over_batches(lambda batch: tf.cast(batch, tf.float16)[:, 0], IMAGES, batch_size=4)
    assert isinstance(result, np.ndarray)
    assert result.dtype == np.float16
    np.testing.assert_array_equal(result, IMAGES[:, 0])


def test_there_must_be_rows():
    for options in ({"images": IMAGES[:0]}, {"images": IMAGES, "rows": np.array([], int)}):
        with pytest.raises(ValueError, match="at least one row"):
            over_batches(means, **options)


@pytest.mark.parametrize("count", [0, 1, 5, 6, 7])
def test_slices_cover_all_rows_once(count):
    parts = list(batch_slices(count, 3))
    assert [row for part in parts for row in range(count)[part]] == list(range(count))
    assert all(0 < part.stop - part.start <= 3 for part in parts)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((64, 64, 3), 256),
        ((1, 1, 3), 256),
        ((128, 64, 3), 128),
        ((224, 224, 3), 20),
        ((2048, 2048, 3), 1),
        ((16,), 256),
        ((4096,), 256),
        ((1 << 20,), 1),
        ((), 256),
    ],
)
def test_batches_of_large_rows_are_small(shape, size):
    assert batch_size_of(shape) == size
    assert size == 1 or size * int(np.prod(shape[:2])) <= 256 * 64 * 64
