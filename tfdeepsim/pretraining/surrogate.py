"""Objective of Exemplar-CNN: tell patches of unlabelled images apart (Dosovitskiy et al. 2015)."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.chains.architecture import Layer
from tfdeepsim.comparators.chains.exemplar_cnn import EXEMPLAR_CNN, PATCH
from tfdeepsim.config import TrainConfig
from tfdeepsim.data.cache import fits_in_memory
from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.pipeline import batches, training_batches, without_autotuning
from tfdeepsim.data.splits.labelled import TARGET
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.pixels import to_bytes, to_floats
from tfdeepsim.pretraining.objective import Objective
from tfdeepsim.pretraining.patches import REGION, regions
from tfdeepsim.pretraining.trainable_chain import TrainableChain
from tfdeepsim.pretraining.transforms import colours_of, transform

VIEWS = 10
"""Number of random transformations of each patch in an epoch."""

_UNSEEN = -1
"""Seed of the transformations in validation: seeds of training are not negative."""

_SHOWN = 8
"""Number of patches in the grid of examples."""


class SurrogateObjective(Objective):
    """Cross-entropy of surrogate classes, each of which is one patch under random transformations.

    Patches are cut from `encoder_train`. The network is selected by its accuracy on transformations
    of these patches that no training step sees. The last layer `fc5`, which has one output for each
    class, is not saved.

    Args:
        splits: Splits of any dataset.
        classes: Number of patches.
        seed: Seed of the patches, the initial weights and dropout.

    Raises:
        InputError: If images are smaller than a patch, or there are fewer than two patches.

    Example:
        >>> objective = SurrogateObjective(splits, classes=8000, seed=0)
        >>> model = Pretext(objective.network(), objective)
    """

    name = "surrogate"
    last_saved_layer = EXEMPLAR_CNN.layer_names[-1]
    measure_names = ("loss", "accuracy")
    monitor = "val_accuracy"
    saw_labels = False

    def __init__(self, splits: Splits, classes: int, seed: int):
        # Pixels of a patch are bytes in three channels.
        if not fits_in_memory(3 * classes * REGION**2):
            raise InputError(
                "patches of all surrogate classes must fit into half of the free memory",
                got=f"{classes:,} patches, {3 * classes * REGION**2 / 2**30:.1f} GiB",
                accepted="a smaller --surrogate-classes",
            )
        patches = regions(splits["encoder_train"].images, classes, seed)
        self.classes = len(patches)
        if self.classes < 2:
            raise InputError(
                "training on patches needs two to tell apart",
                got=str(self.classes),
                accepted="--surrogate-classes 2 or more, and images for them",
            )
        self._patches = Split(patches, {TARGET: np.arange(self.classes)})
        self._views = Split(
            _Repeated(patches, VIEWS), {TARGET: np.tile(np.arange(self.classes), VIEWS)}
        )
        self._colours = colours_of(_middle(patches))
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
        correct = tf.argmax(logits, 1, tf.int64) == target
        return {"loss": loss, "accuracy": tf.cast(correct, tf.float32)}

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
        # Keeps the patches alive as long as the dataset is in use.
        changed.objective = self
        return without_autotuning(changed)

    def example_grid(self) -> np.ndarray:
        """Patches as they are, and below them under random transformations."""
        patches = self._patches.images[np.arange(_SHOWN) % self.classes]
        floats = tf.constant(to_floats(patches))
        views = [transform(floats, (_UNSEEN - 1, row), self._colours) for row in range(5)]
        return np.stack([_middle(patches), *map(to_bytes, views)])


class _Repeated:
    """The rows of an array repeated several times, without a copy; indexed by integers."""

    def __init__(self, rows: np.ndarray, times: int):
        self._rows = rows
        self.shape = (times * len(rows), *rows.shape[1:])
        self.dtype, self.ndim = rows.dtype, rows.ndim

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: np.ndarray) -> np.ndarray:
        return self._rows[index % len(self._rows)]


def _middle(patches: np.ndarray) -> np.ndarray:
    """The patches without their surroundings."""
    margin = (REGION - PATCH) // 2
    return patches[:, margin : margin + PATCH, margin : margin + PATCH]


def make(config: TrainConfig, splits: Splits) -> SurrogateObjective:
    """Build the objective of `config`."""
    assert config.surrogate_classes is not None, "set for this comparator by TrainConfig"
    return SurrogateObjective(splits, config.surrogate_classes, config.seed)
