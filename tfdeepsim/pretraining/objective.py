"""What the trainer needs of each way to train a comparator."""

import abc
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.pretraining.trainable_chain import TrainableChain


class Objective(abc.ABC):
    """A network, its training examples, and the loss and other measures of a batch.

    Attributes:
        name: Name in records, e.g. `supervised`.
        last_saved_layer: Deepest layer whose weights are saved for the comparator.
        measure_names: Names of what `measures` returns, with `loss` among them.
        monitor: Column of a run's history whose best value marks the best epoch.
        saw_labels: Whether labels of the images are used.
        initial_weights: Record of trained weights that the network starts from, with `sha256` and
            the dataset whose labels they were trained with as `saw_labels`; None for random ones.
    """

    name: str
    last_saved_layer: str
    measure_names: tuple[str, ...]
    monitor: str
    saw_labels: bool = False
    initial_weights: dict[str, Any] | None = None

    @abc.abstractmethod
    def network(self) -> TrainableChain:
        """Build the network with initial weights."""

    @abc.abstractmethod
    def measures(
        self, network: TrainableChain, batch: Mapping[str, tf.Tensor], training: bool
    ) -> dict[str, tf.Tensor]:
        """Loss and other measures of a batch.

        Args:
            network: The network as `network` builds it.
            batch: A batch of `training` or `validation`.
            training: Whether dropout and label smoothing are used.

        Returns:
            float32 [B] by name; `loss` is what is minimised.
        """

    @property
    @abc.abstractmethod
    def examples(self) -> int:
        """Number of training examples in an epoch."""

    @abc.abstractmethod
    def training(self, batch_size: int, seed: int, steps: range) -> tf.data.Dataset:
        """Batches of the training steps `steps`, each a function of seed and step alone.

        Args:
            batch_size: Examples in a batch.
            seed: Seed of order and augmentation.
            steps: Training steps, counted from the start of the run; `len(steps)` batches follow.
        """

    @abc.abstractmethod
    def validation(self, batch_size: int) -> tf.data.Dataset:
        """All validation examples once, the same each time."""

    @abc.abstractmethod
    def example_grid(self) -> np.ndarray:
        """Some training examples as the network sees them: uint8 [rows, columns, H, W, 3]."""

    def result(self, model: keras.Model) -> dict[str, float]:
        """Scores of the trained model for its record, in addition to those of the best epoch."""
        return {}
