"""Exemplar-CNN, which learns to tell patches of unlabeled images apart (Dosovitskiy et al.
2015)."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.chains.architecture import Layer
from tfdeepsim.comparators.chains.exemplar_cnn import EXEMPLAR_CNN, PATCH
from tfdeepsim.config import TrainConfig
from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.pipeline import batches, training_batches, without_autotuning
from tfdeepsim.data.splits.labelled import TARGET
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.pretraining.objective import Objective
from tfdeepsim.pretraining.patches import REGION, regions
from tfdeepsim.pretraining.trainable_chain import TrainableChain
from tfdeepsim.pretraining.transforms import colours_of, transform

VIEWS = 10
"""Random transformations of each patch in an epoch."""

_UNSEEN = -1
"""Seed of validation: those of training are 0 and more."""

_SHOWN = 8


class SurrogateObjective(Objective):
    """SurrogateObjective classes under cross-entropy: each is one patch under random
    transformations.

    Patches are from `encoder_train`; the network is chosen by transformations of them that no
    training step sees. What tells the classes apart, `fc5`, is not kept.

    Args:
        splits: Of any dataset.
        classes: Patches to tell apart.
        seed: Of patches and weights.

    Raises:
        InputError: If images are smaller than a patch, or there are fewer than two patches.
    """

    name = "surrogate"
    last_saved_layer = EXEMPLAR_CNN.layer_names[-1]
    measure_names = ("loss", "accuracy")
    monitor = "val_accuracy"
    saw_labels = False

    def __init__(self, splits: Splits, classes: int, seed: int):
        found = regions(splits["encoder_train"].images, classes, seed)
        self.classes = len(found)
        if self.classes < 2:
            raise InputError(
                "training on patches needs two to tell apart",
                got=str(self.classes),
                accepted="--surrogate-classes 2 or more, and images for them",
            )
        self._patches = Split(found, {TARGET: np.arange(self.classes)})
        self._views = Split(
            _Repeated(found, VIEWS), {TARGET: np.tile(np.arange(self.classes), VIEWS)}
        )
        self._colours = colours_of(_middle(found))
        self._seed = seed

    def network(self) -> TrainableChain:
        last = Layer("fc5", "dense", self.classes, tensor="fc5")
        architecture = dataclasses.replace(EXEMPLAR_CNN, layers=(*EXEMPLAR_CNN.layers, last))
        return TrainableChain(architecture, self._seed)

    def measures(
        self, network: TrainableChain, batch: Mapping[str, tf.Tensor], training: bool
    ) -> dict[str, tf.Tensor]:
        logits, target = network(batch["image"], training=training), batch[TARGET]
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
        right = tf.argmax(logits, 1, tf.int64) == target
        return {"loss": loss, "accuracy": tf.cast(right, tf.float32)}

    @property
    def examples(self) -> int:
        return len(self._views.images)

    def training(self, batch_size: int, seed: int, steps: range) -> tf.data.Dataset:
        data = training_batches(self._views, batch_size=batch_size, seed=seed, steps=steps)
        return self._transformed(data, seed, steps)

    def validation(self, batch_size: int) -> tf.data.Dataset:
        steps = range(-(-self.classes // batch_size))
        return self._transformed(batches(self._patches, batch_size), _UNSEEN, steps)

    def _transformed(self, data: tf.data.Dataset, seed: int, steps: range) -> tf.data.Dataset:
        def change(batch: dict[str, tf.Tensor], step: tf.Tensor) -> dict[str, tf.Tensor]:
            key = tf.stack([tf.constant(seed, tf.int64), step])
            return batch | {"image": transform(batch["image"], key, self._colours)}

        numbered = tf.data.Dataset.zip(data, tf.data.Dataset.range(steps.start, steps.stop))
        changed = numbered.map(change, num_parallel_calls=2, deterministic=True).prefetch(2)
        # Batches are read from here as long as the dataset is in use.
        changed.objective = self
        return without_autotuning(changed)

    def example_grid(self) -> np.ndarray:
        """Patches as they are, and below them random transformations."""
        chosen = self._patches.images[np.arange(_SHOWN) % self.classes]
        scaled = tf.constant(chosen.astype(np.float32) / 255)
        views = [transform(scaled, (_UNSEEN - 1, row), self._colours).numpy() for row in range(5)]
        return np.stack(
            [_middle(chosen), *(np.round(255 * view).astype(np.uint8) for view in views)]
        )


class _Repeated:
    """Rows of an array several times over, without a copy; indexed by integers."""

    def __init__(self, rows: np.ndarray, times: int):
        self._rows = rows
        self.shape = (times * len(rows), *rows.shape[1:])
        self.dtype, self.ndim = rows.dtype, rows.ndim

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: np.ndarray) -> np.ndarray:
        return self._rows[index % len(self._rows)]


def _middle(found: np.ndarray) -> np.ndarray:
    """The patches in the middle of regions."""
    margin = (REGION - PATCH) // 2
    return found[:, margin : margin + PATCH, margin : margin + PATCH]


def make(config: TrainConfig, splits: Splits) -> SurrogateObjective:
    """The objective that `config` asks for."""
    assert config.surrogate_classes is not None, "a config of this comparator has a number"
    return SurrogateObjective(splits, config.surrogate_classes, config.seed)
