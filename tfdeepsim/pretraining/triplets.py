"""Triplets of video frames: which frames are near each other, and which others are negatives."""

import numpy as np
import tensorflow as tf

from tfdeepsim.errors import InputError

NEAR = 1
"""Largest distance of the frames of a near pair, in stored frames."""

FAR = 5
"""Frames of one video may be negatives of each other if they are more stored frames apart."""


def stored_gap(episode: np.ndarray, step: np.ndarray) -> int:
    """Smallest number of steps between two stored frames of one episode.

    Args:
        episode: Episode of each frame, int [N], in any order.
        step: Step of each frame within its episode, int [N].

    Raises:
        InputError: If no episode has two frames.
    """
    order = np.lexsort((step, episode))
    gaps = np.diff(step[order])[np.diff(episode[order]) == 0]
    if not (gaps > 0).any():
        raise InputError(
            "VideoNet's ranking loss needs pairs of near frames",
            got=f"{len(episode)} frames of which no two are of one rollout",
            accepted="rollouts of two frames and more",
        )
    return int(gaps[gaps > 0].min())


def near_pairs(episode: np.ndarray, step: np.ndarray) -> np.ndarray:
    """All ordered pairs of frames of one episode that are at most `NEAR` stored frames apart.

    Args:
        episode: Episode of each frame, int [N], in any order.
        step: Step of each frame within its episode, int [N].

    Returns:
        Rows of the anchor and of the frame near it, int64 [P, 2], sorted by both.

    Raises:
        InputError: If no episode has two frames.
    """
    largest = NEAR * stored_gap(episode, step)
    order = np.lexsort((step, episode))
    pairs_by_distance = []
    for distance in range(1, len(order)):
        first, second = order[:-distance], order[distance:]
        close = (episode[first] == episode[second]) & (step[second] - step[first] <= largest)
        if not close.any():
            break
        apart = close & (step[first] != step[second])
        both_orders = (np.stack([first, second], 1), np.stack([second, first], 1))
        pairs_by_distance += [order[apart] for order in both_orders]
    pairs = np.concatenate(pairs_by_distance).astype(np.int64)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def may_be_negative(
    episode: tf.Tensor, step: tf.Tensor, other_episode: tf.Tensor, other_step: tf.Tensor, gap: int
) -> tf.Tensor:
    """Which frames may be negatives of which anchors: those of other episodes, and distant ones of
    the same.

    Args:
        episode: Episodes of the anchors, int64 [B].
        step: Steps of the anchors, int64 [B].
        other_episode: Episodes of the other frames, int64 [C].
        other_step: Steps of the other frames, int64 [C].
        gap: Number of steps between stored frames.

    Returns:
        bool [B, C].
    """
    apart = tf.abs(step[:, None] - other_step[None])
    return (episode[:, None] != other_episode[None]) | (apart > FAR * gap)


def highest(scores: tf.Tensor, allowed: tf.Tensor, count: int) -> tf.Tensor:
    """Mark the `count` highest allowed scores of each row, or all allowed ones if they are fewer.

    Args:
        scores: float32 [B, C], finite.
        allowed: bool [B, C].
        count: Number of scores to mark in a row.

    Returns:
        bool [B, C].
    """
    order = tf.argsort(tf.where(allowed, scores, -np.inf), direction="DESCENDING", stable=True)
    return allowed & (tf.argsort(order) < count)
