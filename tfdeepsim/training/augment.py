"""Random crops and flips of training images, a batch at once."""

import tensorflow as tf

from tfdeepsim.data.pipeline import without_autotuning

_STREAM = 7
"""Keeps these draws apart from those of the order, which come from the same seed."""


def augmented(
    data: tf.data.Dataset, size: tuple[int, int] | None, flip: bool, seed: int, steps: range
) -> tf.data.Dataset:
    """`data` with images cut and mirrored at random: a function of seed and step alone.

    Args:
        data: Batches with `image`, of the steps `steps`.
        size: Height and width of a random crop; None for whole images.
        flip: Whether half of the images are mirrored.
        seed: Of the draws.
        steps: Of training, counted from its start.
    """

    def change(batch: dict[str, tf.Tensor], step: tf.Tensor) -> dict[str, tf.Tensor]:
        keys = tf.random.split(tf.stack([tf.constant(seed, tf.int64), step + (_STREAM << 40)]), 2)
        images = batch["image"]
        if size is not None:
            images = random_crop(images, size, keys[0])
        return batch | {"image": random_flip(images, keys[1]) if flip else images}

    numbered = tf.data.Dataset.zip(data, tf.data.Dataset.range(steps.start, steps.stop))
    changed = numbered.map(change, num_parallel_calls=2, deterministic=True).prefetch(2)
    # Images are read from here as long as the dataset is in use.
    changed.data = data
    return without_autotuning(changed)


def random_crop(images: tf.Tensor, size: tuple[int, int], seed: tf.Tensor) -> tf.Tensor:
    """A part of each image, at a place of its own.

    Args:
        images: [B, H, W, C].
        size: Height and width of the part.
        seed: int [2]; equal seeds give equal results.

    Returns:
        [B, *size, C].
    """
    count, (height, width) = tf.shape(images)[0], size
    rooms = (images.shape[1] - height + 1, images.shape[2] - width + 1)
    draws = tf.unstack(tf.random.stateless_uniform([2, count], seed))
    top, left = (
        tf.cast(draw * float(room), tf.int32) for draw, room in zip(draws, rooms, strict=True)
    )
    rows = tf.gather(images, top[:, None] + tf.range(height), batch_dims=1, axis=1)
    cut = tf.gather(rows, left[:, None] + tf.range(width), batch_dims=1, axis=2)
    return tf.ensure_shape(cut, [images.shape[0], height, width, images.shape[3]])


def random_flip(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Half of the images mirrored from left to right: [B, H, W, C]; equal seeds give equal
    results."""
    mirrored = tf.random.stateless_uniform([tf.shape(images)[0], 1, 1, 1], seed) < 0.5
    return tf.where(mirrored, images[:, :, ::-1], images)
