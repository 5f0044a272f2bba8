"""Batches: values, order, epochs, shards, and resuming at a step."""

import gc
import time
import weakref

import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.data.pipeline import batches, training_batches
from tfdeepsim.data.splits.split import Split

SIZE, BATCH = 11, 4
STEPS_PER_EPOCH = SIZE // BATCH


@pytest.fixture
def split():
    images = np.arange(SIZE, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    return Split(images, {"index": np.arange(SIZE, dtype=np.int64)})


def order(split, first, last, **kwargs):
    data = training_batches(
        split, batch_size=BATCH, steps=range(first, last), **{"seed": 1, **kwargs}
    )
    return [batch["index"].tolist() for batch in data.as_numpy_iterator()]


def test_values_shapes_and_types(split):
    data = training_batches(split, batch_size=BATCH, seed=1, steps=range(3))
    assert data.element_spec["image"] == tf.TensorSpec((BATCH, 2, 2, 3), tf.float32)
    assert data.cardinality() == 3
    for batch in data.as_numpy_iterator():
        np.testing.assert_allclose(batch["image"][:, 0, 0, 0], batch["index"] / 255)


def test_images_as_they_are_stored(split):
    for data in (
        training_batches(split, batch_size=BATCH, seed=1, steps=range(3), as_bytes=True),
        batches(split, BATCH, as_bytes=True),
        batches(split, BATCH, as_bytes=True, shard=(1, 2)),
    ):
        assert set(data.element_spec) == {"bytes", "index"}
        assert data.element_spec["bytes"].dtype == tf.uint8
        for batch in data.as_numpy_iterator():
            np.testing.assert_array_equal(batch["bytes"], split.images[batch["index"]])


def test_no_tuning_thread_delays_the_end(split):
    for data in (
        training_batches(split, batch_size=BATCH, seed=1, steps=range(3)),
        batches(split, BATCH),
    ):
        assert data.options().autotune.enabled is False


def test_each_epoch_is_a_different_permutation(split):
    steps = order(split, 0, 30 * STEPS_PER_EPOCH)
    epochs = [
        [index for step in steps[i : i + STEPS_PER_EPOCH] for index in step]
        for i in range(0, len(steps), STEPS_PER_EPOCH)
    ]
    assert all(len(set(epoch)) == BATCH * STEPS_PER_EPOCH for epoch in epochs)
    assert len(set(map(tuple, epochs))) == len(epochs)
    # What one epoch leaves over comes in others.
    assert {index for epoch in epochs for index in epoch} == set(range(SIZE))


def test_order_depends_on_seed_alone(split):
    assert order(split, 0, 6) == order(split, 0, 6)
    assert order(split, 0, 6) != order(split, 0, 6, seed=2)
    assert order(split, 0, 6, seed=0) != order(split, 0, 6)


@pytest.mark.parametrize("step", range(1, 6))
def test_training_can_be_resumed_at_any_step(split, step):
    assert order(split, step, 6) == order(split, 0, 6)[step:]


def test_shards_share_each_batch(split):
    whole = order(split, 0, 4)
    parts = [order(split, 0, 4, shard=(index, 2)) for index in range(2)]
    for step, batch in enumerate(whole):
        assert sorted(parts[0][step] + parts[1][step]) == sorted(batch)


def test_batches_in_stored_order_include_the_remainder(split):
    data = batches(split, BATCH)
    assert data.cardinality() == 3
    assert [batch["index"].tolist() for batch in data.as_numpy_iterator()] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10],
    ]


@pytest.mark.parametrize(("size", "count"), [(13, 2), (12, 3), (23, 3), (4, 4), (5, 4)])
def test_parts_of_batches_are_all_examples_and_never_empty(size, count):
    split = Split(np.arange(size, dtype=np.uint8)[:, None, None, None], {"row": np.arange(size)})
    parts = [
        [batch["row"].numpy().tolist() for batch in batches(split, 12, shard=(index, count))]
        for index in range(count)
    ]
    assert len({len(part) for part in parts}) == 1
    assert all(rows for part in parts for rows in part)
    assert sorted(row for part in parts for rows in part for row in rows) == list(range(size))
    # The last batch takes what does not fill another one.
    assert sorted(row for part in parts for row in part[0])[:12] == list(range(size))[:12]


def test_memory_mapped_images(split, tmp_path):
    np.save(tmp_path / "images.npy", split.images)
    mapped = Split(np.load(tmp_path / "images.npy", mmap_mode="r"), split.labels)
    assert order(mapped, 0, 6) == order(split, 0, 6)


def test_images_are_freed_with_their_dataset():
    class Pixels(np.ndarray):
        """An array that can be referred to weakly."""

    def use():
        images = np.zeros((8, 4, 4, 3), np.uint8).view(Pixels)
        split = Split(images, {})
        read = [
            len(batch["image"])
            for batch in training_batches(split, batch_size=4, seed=0, steps=range(2))
        ]
        held = batches(split, 4)  # the split itself is not kept by anyone else
        return read, held, weakref.ref(images)

    read, held, images = use()
    gc.collect()
    assert read == [4, 4]
    assert sum(len(batch["image"]) for batch in held.map(lambda batch: batch)) == 8
    del held
    # A thread of tf.data may be the last to let go of it.
    for _ in range(100):
        gc.collect()
        if images() is None:
            return
        time.sleep(0.05)
    pytest.fail("the images are still held")
