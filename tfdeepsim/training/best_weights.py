"""Keeps the weights of the best epoch in memory, for small networks that have no run directory."""

import math
from typing import Any

import keras
import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.progress import ProgressBar


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the epoch with the lowest validation loss, and shows a progress bar.

    It is a context manager, which removes the bar at the end.

    Args:
        what: What is trained, e.g. `supervised encoder`, for the bar and for errors.
        patience: Number of epochs without a lower validation loss after which training stops; None
            to train all epochs.

    Example:
        >>> with BestWeights("decoder", patience=10) as best:
        ...     model.fit(x, y, validation_split=0.1, callbacks=[best])
        >>> best.restore()
    """

    def __init__(self, what: str, patience: int | None = None):
        super().__init__()
        self.what = what
        self.patience = patience
        self.loss = math.inf
        self.epoch = 0
        self._weights: list[np.ndarray] = []
        self._bar: Any = None

    def __enter__(self) -> "BestWeights":
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._bar is not None:
            self._bar.__exit__(*exception)

    def on_train_begin(self, logs: Any = None) -> None:
        self._steps = 0
        self._bar = ProgressBar(self.what, self.params["epochs"] * self.params["steps"])

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._steps += 1
        self._bar.update(self._steps)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if logs["val_loss"] < self.loss:
            self.loss, self.epoch = float(logs["val_loss"]), epoch
            self._weights = self.model.get_weights()
        if self.patience is not None and epoch - self.epoch >= self.patience:
            self.model.stop_training = True
        self._bar.update(self._steps, note=f"validation loss {self.loss:.4g}")

    def restore(self) -> None:
        """Assign the weights of the best epoch to the model.

        Raises:
            InputError: If the loss was not finite in any epoch.
        """
        if not self._weights:
            raise InputError(
                f"the loss of {self.what} must stay finite",
                got="NaN or infinity in every epoch",
                accepted="images and labels of a smaller range",
            )
        self.model.set_weights(self._weights)
