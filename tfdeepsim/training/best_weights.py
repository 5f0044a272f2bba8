"""The weights of the best epoch, with a bar over the epochs, for small networks beside the trained
one."""

import math
from typing import Any

import keras
import numpy as np
import rich.console
import rich.progress

from tfdeepsim.errors import InputError


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the lowest validation loss, in memory; a context, after which the bar is
    gone.

    Args:
        what: What is trained, for the bar.
        patience: Epochs without a lower validation loss before training stops; None for never.
    """

    def __init__(self, what: str, patience: int | None = None):
        super().__init__()
        self.what = what
        self.patience = patience
        self.loss = math.inf
        self.epoch = 0
        self._weights: list[np.ndarray] = []
        console = rich.console.Console(stderr=True)
        self._bar = rich.progress.Progress(
            console=console, transient=True, disable=not console.is_terminal
        )

    def __enter__(self) -> "BestWeights":
        return self

    def __exit__(self, *exception: Any) -> None:
        self._bar.stop()

    def on_train_begin(self, logs: Any = None) -> None:
        self._task = self._bar.add_task(
            self.what, total=self.params["epochs"] * self.params["steps"]
        )
        self._bar.start()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._bar.advance(self._task)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if logs["val_loss"] < self.loss:
            self.loss, self.epoch = float(logs["val_loss"]), epoch
            self._weights = self.model.get_weights()
        if self.patience is not None and epoch - self.epoch >= self.patience:
            self.model.stop_training = True
        self._bar.update(self._task, description=f"{self.what}, validation loss {self.loss:.4g}")

    def restore(self) -> None:
        """Give the model the weights of the best epoch.

        Raises:
            InputError: If there is none.
        """
        if not self._weights:
            raise InputError(
                f"the loss of {self.what} must stay finite",
                got="NaN or infinity in every epoch",
                accepted="images and labels of a smaller range",
            )
        self.model.set_weights(self._weights)
