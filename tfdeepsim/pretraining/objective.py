"""What each way to train a comparator gives to the trainer."""

import abc
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.pretraining.trainable_chain import TrainableChain


class Objective(abc.ABC):
    """A network, the examples that it learns from, and what it must tell of them.

    Attributes:
        name: E.g. `supervised`.
        kept: The deepest layer whose weights are kept for the comparator.
        measured: What `measures` gives; `loss` among it.
        chosen_by: The column of a run's history that tells the best epoch.
        saw_labels: Whether labels of the images were used.
    """

    name: str
    kept: str
    measured: tuple[str, ...]
    chosen_by: str
    saw_labels: bool = False

    @abc.abstractmethod
    def network(self) -> TrainableChain:
        """The network with new weights."""

    @abc.abstractmethod
    def measures(
        self, network: TrainableChain, batch: Mapping[str, tf.Tensor], training: bool
    ) -> dict[str, tf.Tensor]:
        """What the network makes of a batch: name to float32 [B]. `loss` is what is minimised."""

    @property
    @abc.abstractmethod
    def examples(self) -> int:
        """Examples of an epoch of training."""

    @abc.abstractmethod
    def training(self, batch_size: int, seed: int, steps: range) -> tf.data.Dataset:
        """Batches of the training steps `steps`: a function of seed and step alone, `len(steps)`
        times."""

    @abc.abstractmethod
    def validation(self, batch_size: int) -> tf.data.Dataset:
        """All validation examples once, always the same."""

    @abc.abstractmethod
    def shown(self) -> np.ndarray:
        """Some training examples as the network sees them: uint8 [rows, columns, H, W, 3]."""

    def result(self, model: keras.Model) -> dict[str, float]:
        """Scores of the trained model for its record, beside those of the best epoch."""
        return {}
