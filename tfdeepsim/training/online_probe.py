"""A linear probe during training, which shows whether the embedding gets better."""

from typing import Any

import keras
import numpy as np

from tfdeepsim.batches import over_batches
from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.pixels import to_floats
from tfdeepsim.probes.scikit_learn.ridge import quick_metric, quick_score

EXAMPLES = {"probe_train": 2000, "probe_validation": 1000}
"""Largest number of images of each split that are embedded, the same ones each time."""


class OnlineProbe(keras.callbacks.Callback):
    """Logs the score of a linear probe on the embeddings after the first epoch, every few epochs,
    and after the last.

    The probe is trained on some images of `probe_train` and scored on some of `probe_validation`;
    the test split is never read. It draws no random numbers, so it does not change the training.
    It must come before the callbacks that write logs.

    Args:
        splits: Splits of a dataset with labels.
        every: Number of epochs between two scores.
        epochs: Number of epochs of the whole run.

    Attributes:
        column: Name of the score in logs and history: `val_probe_accuracy` or `val_probe_l1`.

    Raises:
        InputError: If the dataset has no labels.

    Example:
        >>> probe = OnlineProbe(Splits(open_dataset("llv2")), every=5, epochs=50)
        >>> model.fit(batches, epochs=50, callbacks=[probe])
    """

    def __init__(self, splits: Splits, every: int, epochs: int):
        super().__init__()
        self.every = every
        self.epochs = epochs
        self.task, _ = splits.dataset.labelled()
        self.column = column(splits.dataset)
        self._splits = {split: _some(splits, split, count) for split, count in EXAMPLES.items()}

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if epoch % self.every == self.every - 1 or epoch in (0, self.epochs - 1):
            train, validation = (
                (self._embed(images), labels) for images, labels in self._splits.values()
            )
            logs[self.column] = quick_score(train, validation, self.task)

    def _embed(self, images: np.ndarray) -> np.ndarray:
        encoder = self.model.generator.encoder
        return over_batches(
            lambda batch: encoder(to_floats(batch), training=False)["latent"], images
        )


def column(dataset: Dataset) -> str:
    """Name of the probe's score in logs and history."""
    return f"val_probe_{quick_metric(dataset.labelled()[0])[0]}"


def _some(splits: Splits, split: str, count: int) -> tuple[np.ndarray, Any]:
    source = splits[split]
    rows = np.flatnonzero(splits.dataset.probe_mask(source))
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:count])
    return np.asarray(source.images[rows]), source.labels[splits.dataset.labelled()[1]][rows]
