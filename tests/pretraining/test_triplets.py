"""Which frames are near each other, which may be negatives, and which of these are chosen."""

import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.pretraining.triplets import (
    FAR,
    NEAR,
    highest,
    may_be_negative,
    near_pairs,
    stored_gap,
)

# Rollout 7 has frames at 0, 10, 20; rollout 9 at 0, 10, 30; rollout 4 a single one. Stored
# shuffled.
EPISODE = np.array([9, 7, 4, 7, 9, 7, 9])
STEP = np.array([10, 20, 0, 0, 30, 10, 0])


def test_pairs_of_a_table_by_hand():
    assert NEAR == 1
    assert near_pairs(EPISODE, STEP).tolist() == [[0, 6], [1, 5], [3, 5], [5, 1], [5, 3], [6, 0]]


def test_pairs_are_int64_and_near():
    generator = np.random.default_rng(0)
    order = generator.permutation(60)
    episode, step = np.repeat(np.arange(4), 15)[order], np.tile(7 * np.arange(15), 4)[order]
    pairs = near_pairs(episode, step)
    anchor, near = pairs.T
    assert pairs.dtype == np.int64
    assert set(anchor) == set(range(60))
    assert (episode[anchor] == episode[near]).all()
    assert (np.abs(step[anchor] - step[near]) == 7).all()
    assert len(np.unique(pairs, axis=0)) == len(pairs) == 4 * 14 * 2


def test_the_gap_is_that_between_stored_frames():
    assert stored_gap(EPISODE, STEP) == 10


def test_a_frame_that_is_stored_twice_is_not_near_itself():
    assert near_pairs(np.zeros(3, int), np.array([0, 0, 5])).tolist() == [
        [0, 2],
        [1, 2],
        [2, 0],
        [2, 1],
    ]


@pytest.mark.parametrize("episode", [np.arange(3), np.zeros(1, int), np.zeros(0, int)])
def test_without_pairs(episode):
    with pytest.raises(
        InputError, match=r"needs pairs of near frames: got \d frames of which no two are of one"
    ):
        near_pairs(episode, np.zeros(len(episode), int))


def test_negatives_are_of_other_rollouts_or_far():
    steps = tf.constant([0, 10 * FAR, 10 * FAR + 1, 0], tf.int64)
    others = tf.constant([1, 1, 1, 2], tf.int64)
    allowed = may_be_negative(
        tf.constant([1], tf.int64), tf.constant([0], tf.int64), others, steps, 10
    )
    assert allowed.numpy().tolist() == [[False, False, True, True]]


def test_no_negative_is_near():
    pairs = near_pairs(EPISODE, STEP)
    anchor, near = pairs.T
    allowed = may_be_negative(EPISODE[anchor], STEP[anchor], EPISODE[near], STEP[near], 10).numpy()
    assert not allowed.diagonal().any()
    assert (allowed == (EPISODE[anchor][:, None] != EPISODE[near])).all()


def test_highest_of_the_allowed():
    scores = tf.constant([[4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0], [0.0, -5.0, 0.0, 0.0]])
    allowed = tf.constant([[False, True, True, True], [True] * 4, [False, True, False, False]])
    assert highest(scores, allowed, 2).numpy().tolist() == [
        [False, True, True, False],
        [False, False, True, True],
        [False, True, False, False],
    ]


def test_ties_add_no_further_scores():
    assert highest(tf.zeros([3, 6]), tf.ones([3, 6], tf.bool), 4).numpy().sum(1).tolist() == [
        4,
        4,
        4,
    ]


def test_highest_of_none():
    assert not highest(tf.zeros([2, 3]), tf.zeros([2, 3], tf.bool), 4).numpy().any()
