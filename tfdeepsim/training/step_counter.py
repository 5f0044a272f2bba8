"""Counts steps and time, and stops at a number that is no number."""

import time
from typing import Any

import keras

from tfdeepsim.training.checkpoint import Progress


class StepCounter(keras.callbacks.Callback):
    """Keeps `progress` at the current step, and adds speed and learning rate to the logs of an
    epoch.

    It stands first among the callbacks, so that the others see what it adds.

    Args:
        progress: Is brought up to date.
        batch_size: Examples a step.
    """

    def __init__(self, progress: Progress, batch_size: int):
        super().__init__()
        self.progress = progress
        self.batch_size = batch_size

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._steps = 0
        self._begin = time.perf_counter()
        self._trained = 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.progress.step += 1
        self._steps += 1

    def on_test_begin(self, logs: Any = None) -> None:
        self._trained = time.perf_counter() - self._begin

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        seconds = time.perf_counter() - self._begin
        self.progress.seconds += seconds
        logs["images_per_second"] = self._steps * self.batch_size / (self._trained or seconds)
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
