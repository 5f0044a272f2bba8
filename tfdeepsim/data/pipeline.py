"""Batches of a split, with tf.data: float images in [0, 1], and labels."""

import weakref
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfdeepsim.data.splits.split import Images, Split


def training_batches(
    split: Split,
    *,
    batch_size: int,
    seed: int,
    steps: range,
    shard: tuple[int, int] = (0, 1),
    as_bytes: bool = False,
    features: Sequence[Images] = (),
) -> tf.data.Dataset:
    """Batches of the training steps `steps`, in a different order in each epoch.

    The order is a function of seed and step alone, so an interrupted run can be resumed at any step
    and sees the same batches. Each epoch is a permutation of all examples; those that do not fill a
    last batch are left out of that epoch.

    Args:
        split: Images and labels.
        batch_size: Number of examples of a batch, over all shards; at most `len(split.images)`.
        seed: Seed of the permutations.
        steps: Training steps to return batches of, counted from the start of training.
        shard: (index, count): which part of every batch to return, and the number of parts.
        as_bytes: Whether to return images as they are stored, `"bytes": uint8 [B, H, W, C]` in
            place of `image`; `generator_batch.input_and_target` makes the same floats of them.
        features: Arrays [N, ...] of which batches have rows too, as `features`: one tensor, or a
            tuple of several.

    Returns:
        Dictionaries `{"image": float32 [B, H, W, C] in [0, 1], label: [B, ...], ...}`, one for each
        step.
    """
    size = len(split.images)
    steps_per_epoch = size // batch_size
    index, count = shard
    positions = tf.range(batch_size, dtype=tf.int64)[index::count]

    def indices(step: tf.Tensor) -> tf.Tensor:
        epoch, start = step // steps_per_epoch, step % steps_per_epoch * batch_size
        key = tf.stack([tf.constant(seed, tf.int64), epoch])
        return tf.random.experimental.index_shuffle(start + positions, seed=key, max_index=size - 1)

    order = tf.data.Dataset.range(steps.start, steps.stop).map(indices)
    return _fetch(split, order, as_bytes, features)


def batches(
    split: Split,
    batch_size: int,
    shuffle_seed: int | None = None,
    shard: tuple[int, int] = (0, 1),
    as_bytes: bool = False,
) -> tf.data.Dataset:
    """All examples once; the last batch may be smaller.

    Args:
        split: Images and labels.
        batch_size: Number of examples of a batch.
        shuffle_seed: Seed of a new order in each pass; None for the stored order.
        shard: (index, count): which part of every batch to return, and the number of parts. With
            several parts, examples that do not fill a batch join the one before, so that no part is
            empty: some operations fail without an example.
        as_bytes: As `training_batches` takes it.

    Returns:
        The same dictionaries as `training_batches`.
    """
    size, (index, count) = len(split.images), shard
    if count > 1:
        return _fetch(split, _parts(size, batch_size, index, count), as_bytes)
    order = tf.data.Dataset.range(size)
    if shuffle_seed is not None:
        order = order.shuffle(size, seed=shuffle_seed)
    return _fetch(split, order.batch(batch_size), as_bytes)


def _parts(size: int, batch_size: int, index: int, count: int) -> tf.data.Dataset:
    """Numbers of the examples in one part of each batch, int64 [B]."""
    last = max(1, size // batch_size) - 1

    def part(number: tf.Tensor) -> tf.Tensor:
        end = tf.where(number == last, tf.constant(size, tf.int64), (number + 1) * batch_size)
        return tf.range(number * batch_size + index, end, count)

    return tf.data.Dataset.range(last + 1).map(part)


def part_of(data: tf.data.Dataset, shard: tuple[int, int]) -> tf.data.Dataset:
    """One of several equal parts of each batch.

    Args:
        data: Batches.
        shard: (index, count): which part to return, and the number of parts.
    """
    index, count = shard
    parts = data.map(lambda batch: tf.nest.map_structure(lambda x: x[index::count], batch))
    # Keeps the images alive as long as the dataset is in use.
    parts.data = data
    return parts


class _Arrays(dict[str, Images]):
    """Arrays by name, to which there can be weak references."""


def _fetch(
    split: Split, order: tf.data.Dataset, as_bytes: bool, features: Sequence[Images] = ()
) -> tf.data.Dataset:
    arrays = _Arrays({"image": split.images, **split.labels})
    layers = [f"features/{number}" for number in range(len(features))]
    arrays |= zip(layers, features, strict=True)
    spec = {name: (tf.as_dtype(array.dtype), array.shape[1:]) for name, array in arrays.items()}
    # TensorFlow never frees a Python function that a graph calls, so the function must not hold the
    # arrays: the dataset does, as long as it is in use.
    reference = weakref.ref(arrays)

    def gather(indices: np.ndarray) -> list[np.ndarray]:
        arrays = reference()
        assert arrays is not None, "the dataset that is being read holds them"
        return [np.asarray(array[indices]) for array in arrays.values()]

    def fetch(indices: tf.Tensor) -> dict[str, tf.Tensor]:
        values = tf.numpy_function(
            gather, [indices], [dtype for dtype, _ in spec.values()], stateful=False
        )
        for value, (_, shape) in zip(values, spec.values(), strict=True):
            value.set_shape([indices.shape[0], *shape])
        batch = dict(zip(spec, values, strict=True))
        # Until here images are bytes: a quarter of the memory that moves.
        image = batch.pop("image")
        if parts := tuple(batch.pop(layer) for layer in layers):
            batch["features"] = parts if len(parts) > 1 else parts[0]
        if as_bytes:
            return batch | {"bytes": image}
        return batch | {"image": tf.cast(image, tf.float32) / 255.0}

    # Deterministic: all batches take the same time, so keeping their order costs nothing.
    dataset = order.map(fetch, num_parallel_calls=2, deterministic=True)
    dataset.arrays = arrays
    return without_autotuning(dataset.prefetch(2))


def without_autotuning(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """`dataset` without tf.data's thread for tuning, of which there is no need here.

    That thread sleeps for up to a minute at a time, and an iterator that ends waits for it.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return dataset.with_options(options)
