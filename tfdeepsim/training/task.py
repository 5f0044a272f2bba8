"""What a run trains: its model, its batches, and what it writes at the end."""

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
    """One kind of training, such as that of an autoencoder.

    Its model has an attribute `trained_network`, whose best weights are the result of a run.

    Args:
        config: What to train, on which data.
        data: The dataset of `config`, if several runs or checks share it; None to open it.

    Attributes:
        description: What is known of the dataset before it is opened.
        run: Run directory, once it is known.
        earlier_record: `environment.json` of the run that is resumed; empty for a new run.
        shard: (index, count): which part of every batch this process reads, where several train a
            run together, and the number of parts.
        monitor: Column of a run's history that decides which epoch is best, see
            `checkpoint.TrainingProgress`.
        as_bytes: Whether batches have `bytes`, uint8, of which the step makes its float images, in
            place of `image`.
    """

    monitor = "val_loss"
    as_bytes = False

    def __init__(self, config: TrainConfig, data: LazyDataset | None = None):
        self.config = config
        self.shard = (0, 1)
        self.run: RunDirectory | None = None
        self.earlier_record: Mapping[str, Any] = {}
        self._data = data or LazyDataset(config)
        self.description = self._data.description

    @property
    def splits(self) -> Splits:
        """The splits of the dataset, which is opened, and created if it is missing, at the first
        use."""
        return self._data.splits

    @property
    def dataset(self) -> Dataset:
        return self.splits.dataset

    @abc.abstractmethod
    def model(self) -> keras.Model:
        """Build the model, without compiling it."""

    def prepare(self, model: Any) -> None:  # noqa: B027
        """Give the model what is measured on training images and was not known when it was built,
        since the dataset did not exist. Called once, before training."""

    def begin(self) -> None:  # noqa: B027
        """Write what training reads beside the dataset. Called before the first step."""

    def optimizer(self, steps: int) -> keras.optimizers.Optimizer:
        """Build the optimizer of a run of `steps` steps."""
        return keras.optimizers.Adam(self.config.learning_rate, beta_1=0.9, beta_2=0.999)

    @property
    @abc.abstractmethod
    def examples(self) -> int:
        """Number of training examples in an epoch."""

    @abc.abstractmethod
    def trial_batch(self) -> dict[str, tf.Tensor]:
        """This process' part of a batch with the shapes of training batches, to measure the time
        of a step with."""

    @abc.abstractmethod
    def training(self, steps: range) -> tf.data.Dataset:
        """This process' part of the batches of the training steps `steps`, which are counted from
        the start of the run."""

    @abc.abstractmethod
    def validation(self) -> tf.data.Dataset:
        """This process' part of the batches of all validation examples, or all of them."""

    @abc.abstractmethod
    def plan(self, model: Any) -> dict[str, str]:
        """Rows of the plan that say what is trained: text by name, of one or several lines."""

    def record(self, model: Any) -> dict[str, Any]:
        """What to add to the run's `environment.json`: JSON values by name."""
        return {}

    def callbacks(self, run: RunDirectory, epochs: int) -> list[keras.callbacks.Callback]:
        """Callbacks in addition to those of every run.

        Args:
            run: Run directory to write to.
            epochs: Number of epochs of the whole run.
        """
        return []

    @abc.abstractmethod
    def finish(self, run: RunDirectory, model: Any, best: Mapping[str, Any]) -> None:
        """Write the results of the run.

        Args:
            run: Run directory to write to.
            model: The model with the weights of the best epoch.
            best: Row of the history for that epoch.
        """
