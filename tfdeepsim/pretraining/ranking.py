"""Objective of VideoNet: frames that follow each other are embedded close together (Wang & Gupta
2015)."""

from collections.abc import Callable, Mapping
from typing import cast

import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.spec import ARCHITECTURES
from tfdeepsim.config import TrainConfig
from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.pipeline import batches, training_batches
from tfdeepsim.data.splits.split import Split
from tfdeepsim.data.splits.subset import Subset
from tfdeepsim.errors import InputError
from tfdeepsim.pretraining.objective import Objective
from tfdeepsim.pretraining.trainable_chain import TrainableChain, sized
from tfdeepsim.pretraining.triplets import FAR, highest, may_be_negative, near_pairs, stored_gap

MARGIN = 0.5
"""Margin M in eq. (3) of Wang & Gupta 2015."""

NEGATIVES = 4
"""Number K of negatives for each anchor in a step, eq. (4)."""

HARD_FROM = 0.5
"""Share of the training steps after which negatives are the hardest of the batch, not random."""

_EPSILON = 1e-12


def distances(anchor: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Distance D in eq. (2) of Wang & Gupta 2015: 1 − cosine of two embeddings.

    An embedding of zeros has distance 1 from all others, with a finite gradient.

    Args:
        anchor: Embeddings float32 [B, c].
        other: Embeddings float32 [C, c].

    Returns:
        float32 [B, C], in [0, 2].
    """
    anchor, other = (
        x / tf.sqrt(tf.reduce_sum(x**2, 1, keepdims=True) + _EPSILON) for x in (anchor, other)
    )
    return 1 - tf.matmul(anchor, other, transpose_b=True)


def hinges(pair_distances: tf.Tensor) -> tf.Tensor:
    """Loss of all triplets of a batch: max(0, D(x, x⁺) − D(x, x⁻) + M), eq. (3) of Wang & Gupta
    2015.

    Args:
        pair_distances: `distances` of all anchors to all near frames of the batch, float32 [B, B],
            with those of the pairs on the diagonal.

    Returns:
        float32 [B, B]: row i, column j is the triplet of anchor i with the near frame of pair j as
        its negative.
    """
    return tf.nn.relu(tf.linalg.diag_part(pair_distances)[:, None] - pair_distances + MARGIN)


def ranking_loss(pair_distances: tf.Tensor, is_negative: tf.Tensor) -> tf.Tensor:
    """Mean of the `hinges` of each anchor over its negatives; 0 for an anchor without negatives.

    Args:
        pair_distances: As `hinges` takes them, float32 [B, B].
        is_negative: bool [B, B]: row i, column j says whether the near frame of pair j is a
            negative of anchor i.

    Returns:
        float32 [B].
    """
    return _masked_mean(hinges(pair_distances), is_negative)


def _masked_mean(values: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    weights = tf.cast(mask, values.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(values * weights, 1), tf.reduce_sum(weights, 1))


class RankingObjective(Objective):
    """Ranking loss: neighbouring frames of a video are embedded closer together than other frames,
    by a margin.

    The negatives of an anchor are near frames of the other pairs in its batch, except those that
    are near the anchor too (`may_be_negative`): `NEGATIVES` random ones in the first half of
    training, those of highest loss in the second. Validation uses all negatives, so that its loss
    can be compared between epochs.

    Args:
        splits: Splits of a dataset of videos.
        name: Name of the network, e.g. `videonet`.
        seed: Seed of the initial weights and of dropout.
        total_steps: Function that returns the number of steps of the whole training for a number of
            steps in an epoch.

    Raises:
        InputError: If the images are not frames of videos, or are too few or too small.

    Example:
        >>> objective = RankingObjective(splits, "videonet", 0, config.total_steps)
        >>> model = Pretext(objective.network(), objective)
    """

    name = "ranking"
    last_saved_layer = "fc7"
    measure_names = ("loss", "violations")
    monitor = "val_loss"

    def __init__(self, splits: Splits, name: str, seed: int, total_steps: Callable[[int], int]):
        dataset = splits.dataset
        self._gap, self._train = _pairs(splits["encoder_train"], dataset.name)
        _, self._validation = _pairs(splits["encoder_validation"], dataset.name)
        for part in (self._train, self._validation):
            check_negatives(part, self._gap)
        self._architecture = sized(ARCHITECTURES[name], min(dataset.image_shape[:2]))
        self._seed = seed
        self._total_steps = total_steps

    def network(self) -> TrainableChain:
        return TrainableChain(self._architecture, self._seed)

    def measures(
        self, network: TrainableChain, batch: Mapping[str, tf.Tensor], training: bool
    ) -> dict[str, tf.Tensor]:
        embeddings = network(tf.concat([batch["image"], batch["near"]], 0), training=training)
        pair_distances = distances(*tf.split(embeddings, 2))
        is_negative = self._allowed(batch)
        if training:
            noise = tf.random.stateless_uniform(tf.shape(pair_distances), batch["draw"][0])
            # Of one anchor, the nearest negative has the highest loss.
            nearness = -tf.stop_gradient(pair_distances)
            scores = tf.where(batch["hard"][:, None], nearness, noise)
            is_negative = highest(scores, is_negative, NEGATIVES)
        violated = tf.cast(hinges(pair_distances) > 0, tf.float32)
        return {
            "loss": ranking_loss(pair_distances, is_negative),
            "violations": _masked_mean(violated, is_negative),
        }

    def _allowed(self, batch: Mapping[str, tf.Tensor]) -> tf.Tensor:
        episode = batch["episode"]
        return may_be_negative(episode, batch["step"], episode, batch["near_step"], self._gap)

    @property
    def examples(self) -> int:
        return len(self._train.images)

    def training(self, batch_size: int, seed: int, steps: range) -> tf.data.Dataset:
        data = training_batches(self._train, batch_size=batch_size, seed=seed, steps=steps)
        numbered = tf.data.Dataset.zip(data, tf.data.Dataset.range(steps.start, steps.stop))
        hard_from = HARD_FROM * self._total_steps(self.examples // batch_size)

        def add_negatives(batch: dict[str, tf.Tensor], step: tf.Tensor) -> dict[str, tf.Tensor]:
            # One row for each example, so that a batch can be divided among devices.
            draw = tf.tile(tf.stack([tf.cast(seed, tf.int64), step])[None], [batch_size, 1])
            hard = tf.fill([batch_size], tf.cast(step, tf.float64) >= hard_from)
            return _as_floats(batch) | {"draw": draw, "hard": hard}

        return numbered.map(add_negatives, num_parallel_calls=2, deterministic=True).prefetch(2)

    def validation(self, batch_size: int) -> tf.data.Dataset:
        data = batches(self._validation, batch_size)
        return data.map(_as_floats, num_parallel_calls=2, deterministic=True).prefetch(2)

    def example_grid(self) -> np.ndarray:
        """Anchors, below them the frames near them, and below these a negative."""
        pairs, labels = self._train, self._train.labels
        columns = np.linspace(0, self.examples - 1, 8).astype(np.int64)
        others = np.array(
            [self._negative(column, index / 8) for index, column in enumerate(columns)]
        )
        return np.stack([pairs.images[columns], labels["near"][columns], labels["near"][others]])

    def _negative(self, row: int, share: float) -> int:
        """Row of a negative of the anchor in `row`, at a `share` of all its negatives.

        An anchor of a single short video may have none; then it is `row` itself.
        """
        labels = self._train.labels
        episode, step = (labels[name][row : row + 1] for name in ("episode", "step"))
        allowed = may_be_negative(episode, step, labels["episode"], labels["near_step"], self._gap)
        rows = np.flatnonzero(allowed)
        return int(rows[int(share * len(rows))]) if len(rows) else row


def _pairs(source: Split, name: str) -> tuple[int, Split]:
    """Number of steps between stored frames; anchors, with the frames near them as the label
    `near`."""
    if not {"episode", "step"} <= source.labels.keys():
        raise InputError(
            "VideoNet's ranking loss needs frames of videos",
            got=name,
            accepted="llv2 or llv2/SIZE; of images alone: exemplar_cnn",
        )
    episode, step = source.labels["episode"], source.labels["step"]
    anchor, near = near_pairs(episode, step).T
    labels = {
        # Gathered with each batch, since a copy of a frame for each of its pairs would not fit into
        # memory.
        "near": cast(np.ndarray, Subset(source.images, near)),
        "episode": episode[anchor],
        "step": step[anchor],
        "near_step": step[near],
    }
    return stored_gap(episode, step), Split(Subset(source.images, anchor), labels)


def check_negatives(pairs: Split, gap: int) -> None:
    """Refuse a split in which no frame is far from any other, so that there are no negatives.

    Args:
        pairs: Pairs with the labels `episode` and `step`.
        gap: Number of steps between stored frames.

    Raises:
        InputError: If there are no negatives.
    """
    episode, step = pairs.labels["episode"], pairs.labels["step"]
    if (episode == episode[0]).all() and np.ptp(step) <= FAR * gap:
        raise InputError(
            "VideoNet's ranking loss needs frames that are far from each other",
            got=f"a split of one rollout of {np.ptp(step) // gap + 1} frames",
            accepted=f"20 rollouts and more, or {FAR + 2} frames and more of each",
        )


def _as_floats(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return batch | {"near": tf.cast(batch["near"], tf.float32) / 255.0}


def make(config: TrainConfig, splits: Splits) -> RankingObjective:
    """Build the objective of `config`."""
    return RankingObjective(splits, str(config.comparator), config.seed, config.total_steps)
