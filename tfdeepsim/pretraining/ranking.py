"""VideoNet, which learns that near frames of a video look alike (Wang & Gupta 2015)."""

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
"""M of Wang & Gupta's eq. (3)."""

NEGATIVES = 4
"""K of their eq. (4): negatives of each anchor in a step."""

HARD_FROM = 0.5
"""Share of the training steps after which negatives are the hardest of the batch, no longer random
ones."""

_EPSILON = 1e-12


def distances(anchor: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """D of Wang & Gupta's eq. (2): 1 − cosine of each anchor to each other embedding.

    An embedding of zeros is at distance 1 of all, with a finite gradient.

    Args:
        anchor: float32 [B, c].
        other: float32 [C, c].

    Returns:
        float32 [B, C], in [0, 2].
    """
    anchor, other = (
        x / tf.sqrt(tf.reduce_sum(x**2, 1, keepdims=True) + _EPSILON) for x in (anchor, other)
    )
    return 1 - tf.matmul(anchor, other, transpose_b=True)


def hinges(apart: tf.Tensor) -> tf.Tensor:
    """L of eq. (3) of all triplets of a batch: max(0, D(x, x⁺) − D(x, x⁻) + M).

    Args:
        apart: `distances` of the anchors to the frames near them, float32 [B, B]: own ones on the
            diagonal.

    Returns:
        float32 [B, B]: by anchor, and by the pair whose near frame is the negative.
    """
    return tf.nn.relu(tf.linalg.diag_part(apart)[:, None] - apart + MARGIN)


def ranking_loss(apart: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    """Mean of each anchor's `hinges` over its negatives; 0 for an anchor that has none.

    Args:
        apart: As of `hinges`, float32 [B, B].
        chosen: Which near frames of the batch are negatives of which anchor, bool [B, B].

    Returns:
        float32 [B].
    """
    return _mean(hinges(apart), chosen)


def _mean(values: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    share = tf.cast(chosen, values.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(values * share, 1), tf.reduce_sum(share, 1))


class RankingObjective(Objective):
    """Frames of a rollout that are next to each other are embedded closer than any others, by a
    margin.

    The negatives of an anchor are near frames of the other pairs of its batch, but never such as
    are near it (`may_be_negative`): `NEGATIVES` at random in the first half of training, those of
    highest loss in the second. Validation takes all, so that its loss means the same throughout.

    Args:
        splits: Of a dataset of videos.
        name: Of the network.
        seed: Of its weights.
        total_steps: Steps of the whole training, of the steps of an epoch.

    Raises:
        InputError: If the frames are not of videos, are too few, or too small.
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
        both = network(tf.concat([batch["image"], batch["near"]], 0), training=training)
        apart = distances(*tf.split(both, 2))
        chosen = self._allowed(batch)
        if training:
            noise = tf.random.stateless_uniform(tf.shape(apart), batch["draw"][0])
            # Of one anchor, the nearest negative has the highest loss.
            scores = tf.where(batch["hard"][:, None], -tf.stop_gradient(apart), noise)
            chosen = highest(scores, chosen, NEGATIVES)
        violated = tf.cast(hinges(apart) > 0, tf.float32)
        return {"loss": ranking_loss(apart, chosen), "violations": _mean(violated, chosen)}

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
            # One row an example, so that a batch can be divided among devices.
            draw = tf.tile(tf.stack([tf.cast(seed, tf.int64), step])[None], [batch_size, 1])
            hard = tf.fill([batch_size], tf.cast(step, tf.float64) >= hard_from)
            return _as_floats(batch) | {"draw": draw, "hard": hard}

        return numbered.map(add_negatives, num_parallel_calls=2, deterministic=True).prefetch(2)

    def validation(self, batch_size: int) -> tf.data.Dataset:
        data = batches(self._validation, batch_size)
        return data.map(_as_floats, num_parallel_calls=2, deterministic=True).prefetch(2)

    def example_grid(self) -> np.ndarray:
        pairs, labels = self._train, self._train.labels
        columns = np.linspace(0, self.examples - 1, 8).astype(np.int64)
        others = np.array(
            [self._negative(column, index / 8) for index, column in enumerate(columns)]
        )
        return np.stack([pairs.images[columns], labels["near"][columns], labels["near"][others]])

    def _negative(self, row: int, share: float) -> int:
        """A negative of the anchor in `row`: that which comes after a `share` of them all.

        An anchor of a single short rollout may have none, and is shown its near frame again.
        """
        labels = self._train.labels
        episode, step = (labels[name][row : row + 1] for name in ("episode", "step"))
        allowed = may_be_negative(episode, step, labels["episode"], labels["near_step"], self._gap)
        rows = np.flatnonzero(allowed)
        return int(rows[int(share * len(rows))]) if len(rows) else row


def _pairs(source: Split, name: str) -> tuple[int, Split]:
    """Steps between stored frames, and anchors with `near`, the frames near them, as one of their
    labels."""
    if not {"episode", "step"} <= source.labels.keys():
        raise InputError(
            "VideoNet's ranking loss needs frames of videos",
            got=name,
            accepted="llv2 or llv2/SIZE; of images alone: exemplar_cnn",
        )
    episode, step = source.labels["episode"], source.labels["step"]
    anchor, near = near_pairs(episode, step).T
    labels = {
        # Gathered when a batch is: a copy of each frame for each of its pairs would not fit in
        # memory.
        "near": cast(np.ndarray, Subset(source.images, near)),
        "episode": episode[anchor],
        "step": step[anchor],
        "near_step": step[near],
    }
    return stored_gap(episode, step), Split(Subset(source.images, anchor), labels)


def check_negatives(pairs: Split, gap: int) -> None:
    """Raises InputError if no frame is far from any other, so that there are no negatives."""
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
    """The objective that `config` asks for."""
    return RankingObjective(splits, str(config.comparator), config.seed, config.total_steps)
