"""A linear probe during training: does the embedding get better, not only the loss?"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.probes.scikit_learn.ridge import quick_metric, quick_score

BATCH_SIZE = 256
EXAMPLES = {"probe_train": 2000, "probe_validation": 1000}
"""At most so many images of a split are embedded; the same ones each time."""


class OnlineProbe(keras.callbacks.Callback):
    """Every few epochs, the first and the last, score a linear probe on the embeddings and log it.

    The probe learns from some images of `probe_train` and is scored on some of `probe_validation`;
    the test split is never read. It draws no random number, so training goes on as it would without
    it. It stands before the callbacks that write logs.

    Args:
        splits: Of a dataset with labels.
        every: Epochs between two scores.
        epochs: Of the whole run.

    Attributes:
        column: Name of the score in logs and history: `val_probe_accuracy` or `val_probe_l1`.
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
        starts = range(0, len(images), BATCH_SIZE)
        floats = (tf.cast(images[i : i + BATCH_SIZE], tf.float32) / 255.0 for i in starts)
        return np.concatenate(
            [encoder(batch, training=False)["latent"].numpy() for batch in floats]
        )


def column(dataset: Dataset) -> str:
    """What the score of the probe is called in logs and history."""
    return f"val_probe_{quick_metric(dataset.labelled()[0])[0]}"


def _some(splits: Splits, split: str, count: int) -> tuple[np.ndarray, Any]:
    source = splits[split]
    rows = np.flatnonzero(splits.dataset.probe_mask(source))
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:count])
    return np.asarray(source.images[rows]), source.labels[splits.dataset.labelled()[1]][rows]
