"""From a source to batches: float images in [0, 1] and labels, with tf.data."""

import weakref

import numpy as np
import tensorflow as tf

from tfdeepsim.data.splits.split import Images, Split


def training_batches(
    source: Split,
    *,
    batch_size: int,
    seed: int,
    steps: range,
    shard: tuple[int, int] = (0, 1),
) -> tf.data.Dataset:
    """Batches of the training steps `steps`, in an order of their own for each epoch.

    The order is a function of seed and step alone, so a run that was interrupted goes on from any
    step as if it had not been. Each epoch is a permutation; what is left after the last whole batch
    waits for another epoch's permutation.

    Args:
        source: Images and labels.
        batch_size: Examples a batch, over all shards; at most `len(source.images)`.
        seed: Of the permutations.
        steps: Training steps to give, counted from the start of training.
        shard: (index, count): which part of every batch to give.

    Returns:
        `{"image": float32 [B, H, W, C] in [0, 1], label: [B, ...], ...}`, `len(steps)` times.
    """
    size = len(source.images)
    steps_per_epoch = size // batch_size
    index, count = shard
    places = tf.range(batch_size, dtype=tf.int64)[index::count]

    def indices(step: tf.Tensor) -> tf.Tensor:
        epoch, start = step // steps_per_epoch, step % steps_per_epoch * batch_size
        key = tf.stack([tf.constant(seed, tf.int64), epoch])
        return tf.random.experimental.index_shuffle(start + places, seed=key, max_index=size - 1)

    order = tf.data.Dataset.range(steps.start, steps.stop).map(indices)
    return _fetch(source, order)


def batches(source: Split, batch_size: int) -> tf.data.Dataset:
    """All examples once, in stored order; the last batch may be smaller.

    Args:
        source: Images and labels.
        batch_size: Examples a batch.

    Returns:
        The same dictionaries as `training_batches`.
    """
    order = tf.data.Dataset.range(len(source.images)).batch(batch_size)
    return _fetch(source, order)


def _fetch(source: Split, order: tf.data.Dataset) -> tf.data.Dataset:
    spec = {
        name: (tf.as_dtype(array.dtype), array.shape[1:]) for name, array in _arrays(source).items()
    }
    # TensorFlow never lets go of a Python function that a graph calls, so the function must not
    # hold the images: the dataset does, as long as it is in use.
    held = weakref.ref(source)

    def gather(indices: np.ndarray) -> list[np.ndarray]:
        source = held()
        assert source is not None, "a dataset that is read exists"
        return [np.asarray(array[indices]) for array in _arrays(source).values()]

    def fetch(indices: tf.Tensor) -> dict[str, tf.Tensor]:
        values = tf.numpy_function(
            gather, [indices], [dtype for dtype, _ in spec.values()], stateful=False
        )
        for value, (_, shape) in zip(values, spec.values(), strict=True):
            value.set_shape([indices.shape[0], *shape])
        batch = dict(zip(spec, values, strict=True))
        # Until here images are bytes: a quarter of the memory that moves.
        batch["image"] = tf.cast(batch["image"], tf.float32) / 255.0
        return batch

    # In order, whichever is ready first: all batches are the same work, so nothing waits for it.
    dataset = order.map(fetch, num_parallel_calls=2, deterministic=True)
    dataset.source = source
    return without_autotuning(dataset.prefetch(2))


def _arrays(source: Split) -> dict[str, Images]:
    return {"image": source.images, **source.labels}


def without_autotuning(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """`dataset` without tf.data's tuning thread, whose sleeps double up to a minute.

    An iterator that ends waits for it to wake, up to as long as it has run. Nothing here is left to
    tune.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return dataset.with_options(options)
