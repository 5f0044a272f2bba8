"""Random crops and flips of training images, for a batch at once."""

import tensorflow as tf

from tfdeepsim.data.pipeline import without_autotuning

_STREAM = 7
"""Makes these random numbers independent of those of the order, which have the same seed."""


def augmented(
    data: tf.data.Dataset,
    size: tuple[int, int] | None,
    flip: bool,
    seed: int,
    steps: range,
    shard: tuple[int, int] = (0, 1),
) -> tf.data.Dataset:
    """Crop and mirror the images of batches at random, as a function of seed and step alone.

    Args:
        data: Batches with `image` or `bytes`, one for each of `steps`.
        size: Height and width of a random crop in pixels; None for no crop.
        flip: Whether half of the images are mirrored from left to right.
        seed: Seed of the random numbers.
        steps: Training steps of the batches, counted from the start of the run.
        shard: (index, count): which part of the whole batches `data` has, and the number of parts;
            an image is changed as in the whole batch.

    Returns:
        Batches with the same keys.
    """

    def change(batch: dict[str, tf.Tensor], step: tf.Tensor) -> dict[str, tf.Tensor]:
        keys = tf.random.split(tf.stack([tf.constant(seed, tf.int64), step + (_STREAM << 40)]), 2)
        name = "bytes" if "bytes" in batch else "image"
        images = batch[name]
        if size is not None:
            images = random_crop(images, size, keys[0], shard)
        return batch | {name: random_flip(images, keys[1], shard) if flip else images}

    numbered = tf.data.Dataset.zip(data, tf.data.Dataset.range(steps.start, steps.stop))
    changed = numbered.map(change, num_parallel_calls=2, deterministic=True).prefetch(2)
    # Keeps the images alive as long as the dataset is in use.
    changed.data = data
    return without_autotuning(changed)


def random_crop(
    images: tf.Tensor, size: tuple[int, int], seed: tf.Tensor, shard: tuple[int, int] = (0, 1)
) -> tf.Tensor:
    """Cut a rectangle out of each image, at a random place of its own.

    Args:
        images: [B, H, W, C] of any dtype.
        size: Height and width of the rectangle in pixels.
        seed: int [2]; equal seeds give equal results.
        shard: As `augmented` takes it.

    Returns:
        [B, *size, C] of the same dtype.
    """
    (index, parts), (height, width) = shard, size
    places = (images.shape[1] - height + 1, images.shape[2] - width + 1)
    draws = tf.random.stateless_uniform([2, parts * tf.shape(images)[0]], seed)
    draws = tf.unstack(draws[:, index::parts])
    top, left = (
        tf.cast(draw * float(number), tf.int32) for draw, number in zip(draws, places, strict=True)
    )
    rows = tf.gather(images, top[:, None] + tf.range(height), batch_dims=1, axis=1)
    cut = tf.gather(rows, left[:, None] + tf.range(width), batch_dims=1, axis=2)
    return tf.ensure_shape(cut, [images.shape[0], height, width, images.shape[3]])


def random_flip(images: tf.Tensor, seed: tf.Tensor, shard: tuple[int, int] = (0, 1)) -> tf.Tensor:
    """Mirror each image from left to right with probability one half.

    Args:
        images: [B, H, W, C] of any dtype.
        seed: int [2]; equal seeds give equal results.
        shard: As `augmented` takes it.
    """
    index, parts = shard
    draws = tf.random.stateless_uniform([parts * tf.shape(images)[0], 1, 1, 1], seed)
    return tf.where(draws[index::parts] < 0.5, images[:, :, ::-1], images)
