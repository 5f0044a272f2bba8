"""What a run trains: its model, its batches, and what it leaves behind."""

import abc
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.run import RunDirectory


class Task(abc.ABC):
    """One kind of training. The model that it builds has a part `learned`, whose weights are the
    result.

    Args:
        config: What to train.
        data: The dataset of `config`, where several runs or checks share it; None to open it.

    Attributes:
        description: Of the dataset.
        chosen_by: The column of a run's history that tells the best epoch.
    """

    chosen_by = "val_loss"

    def __init__(self, config: TrainConfig, data: LazyDataset | None = None):
        self.config = config
        self._data = data or LazyDataset(config)
        self.description = self._data.description

    @property
    def splits(self) -> Splits:
        """The dataset's splits; it is opened, and made if it is absent, when this is first asked
        for."""
        return self._data.splits

    @property
    def dataset(self) -> Dataset:
        return self.splits.dataset

    @abc.abstractmethod
    def model(self) -> keras.Model:
        """The model, not yet compiled."""

    def optimizer(self, steps: int) -> keras.optimizers.Optimizer:
        """For a run of so many steps."""
        return keras.optimizers.Adam(self.config.learning_rate, beta_1=0.9, beta_2=0.999)

    @property
    @abc.abstractmethod
    def examples(self) -> int:
        """Training examples of an epoch."""

    @abc.abstractmethod
    def trial_batch(self) -> dict[str, tf.Tensor]:
        """A batch shaped as those of training, to measure a step with."""

    @abc.abstractmethod
    def training(self, steps: range) -> tf.data.Dataset:
        """Batches of the training steps `steps`."""

    @abc.abstractmethod
    def validation(self) -> tf.data.Dataset:
        """All validation examples."""

    @abc.abstractmethod
    def plan(self, model: Any) -> dict[str, str]:
        """Lines of the plan that tell what is trained."""

    def record(self, model: Any) -> dict[str, Any]:
        """What goes into the run's record, beside data and versions."""
        return {}

    def callbacks(self, run: RunDirectory, epochs: int) -> list[keras.callbacks.Callback]:
        """What watches the training, beside what every run has."""
        return []

    @abc.abstractmethod
    def finish(self, run: RunDirectory, model: Any, best: Mapping[str, Any]) -> None:
        """Write what the run leaves behind.

        Args:
            run: Where.
            model: With the best weights.
            best: The measures of the epoch that they are from.
        """
