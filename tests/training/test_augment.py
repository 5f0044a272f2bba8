"""Random crops and flips: their results, their frequencies, and that seed and step decide them."""

import gc

import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.data.pipeline import training_batches
from tfdeepsim.data.splits.split import Split
from tfdeepsim.training.augment import augmented, random_crop, random_flip

SIDE, CUT = 10, (6, 7)
SEED = tf.constant([3, 4], tf.int64)


def pictures(count):
    """Images without equal pixels, so that a part has a single place."""
    generator = np.random.default_rng(0)
    return np.stack([generator.permutation(SIDE * SIDE * 2) for _ in range(count)]).reshape(
        count, SIDE, SIDE, 2
    )


def place(part, whole):
    """Top, left, and whether mirrored, of a part in its image; fails if it is not a part."""
    height, width = part.shape[:2]
    found = [
        (top, left, mirrored)
        for top in range(whole.shape[0] - height + 1)
        for left in range(whole.shape[1] - width + 1)
        for mirrored in (False, True)
        if np.array_equal(
            part[:, ::-1] if mirrored else part, whole[top : top + height, left : left + width]
        )
    ]
    assert len(found) == 1, f"found {len(found)} times"
    return found[0]


def places(parts, wholes):
    return [place(part, whole) for part, whole in zip(np.asarray(parts), wholes, strict=True)]


def test_crops_are_parts_and_reach_every_place():
    images = np.repeat(pictures(4), 100, axis=0)
    cut = random_crop(tf.constant(images), CUT, SEED)
    assert cut.shape == (400, *CUT, 2)
    found = places(cut, images)
    assert not any(mirrored for *_, mirrored in found)
    # Each of 5 x 4 places is missed with probability (19/20)^400.
    assert {(top, left) for top, left, _ in found} == {
        (top, left) for top in range(5) for left in range(4)
    }


def test_crops_of_the_whole_size_are_the_image():
    images = tf.constant(pictures(3))
    np.testing.assert_array_equal(random_crop(images, (SIDE, SIDE), SEED), images)


def test_images_of_a_part_of_a_batch_are_changed_as_in_the_whole():
    images = tf.constant(pictures(6))
    for change in (
        lambda x, *shard: random_crop(x, CUT, SEED, *shard),
        lambda x, *shard: random_flip(x, SEED, *shard),
    ):
        whole = change(images)
        for index in range(3):
            part = change(images[index::3], (index, 3))
            np.testing.assert_array_equal(part, whole[index::3])


def test_about_half_are_mirrored():
    images = pictures(400)
    found = places(random_flip(tf.constant(images), SEED), images)
    # Three standard deviations.
    assert abs(sum(mirrored for *_, mirrored in found) - 200) < 30


@pytest.mark.parametrize("change", [lambda x, seed: random_crop(x, CUT, seed), random_flip])
def test_the_seed_decides(change):
    images = tf.constant(pictures(32))
    np.testing.assert_array_equal(change(images, SEED), change(images, SEED))
    assert np.abs(change(images, SEED) - change(images, SEED + 1)).max() > 0
    np.testing.assert_array_equal(change(images, SEED), tf.function(change)(images, SEED))


def batches(first, last, size=CUT, flip=True, seed=1, whole=False):
    """Image and index of every batch of the steps."""
    steps = range(first, last)
    source = Split((pictures(8) % 256).astype(np.uint8), {"index": np.arange(8)})
    data = training_batches(source, batch_size=4, seed=1, steps=steps)
    data = data if whole else augmented(data, size, flip, seed, steps)
    return list(data.as_numpy_iterator())


def images(*args, **kwargs):
    return np.stack([batch["image"] for batch in batches(*args, **kwargs)])


@pytest.mark.parametrize("step", range(1, 5))
def test_batches_can_be_resumed_at_any_step(step):
    np.testing.assert_array_equal(images(step, 5), images(0, 5)[step:])


def test_another_seed_is_another_augmentation_of_the_same_images():
    one, two = batches(0, 5), batches(0, 5, seed=2)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a["index"], b["index"])
    assert any(np.abs(a["image"] - b["image"]).max() > 0 for a, b in zip(one, two, strict=True))


def test_batches_hold_parts_of_their_images():
    found = []
    for batch, whole in zip(batches(0, 8), batches(0, 8, whole=True), strict=True):
        assert batch["image"].shape == (4, *CUT, 2)
        found += places(batch["image"], whole["image"])
    assert len(set(found)) > 10
    assert {mirrored for *_, mirrored in found} == {False, True}


def test_each_of_both_alone():
    wholes = images(0, 8, whole=True)
    flipped, cut = images(0, 8, size=None), images(0, 8, flip=False)
    assert flipped.shape == wholes.shape
    mirrored = [
        place(a, b)[2] for a, b in zip(np.concatenate(flipped), np.concatenate(wholes), strict=True)
    ]
    assert 0 < sum(mirrored) < 32
    assert not any(
        place(a, b)[2] for a, b in zip(np.concatenate(cut), np.concatenate(wholes), strict=True)
    )


def test_what_training_needs_of_the_dataset():
    steps = range(3)
    source = Split(np.zeros((8, SIDE, SIDE, 3), np.uint8), {})
    data = augmented(
        training_batches(source, batch_size=4, seed=0, steps=steps), CUT, True, 0, steps
    )
    assert data.element_spec["image"] == tf.TensorSpec((4, *CUT, 3), tf.float32)
    assert data.cardinality() == 3
    assert data.options().autotune.enabled is False
    del source
    gc.collect()
    assert len(list(data)) == 3
