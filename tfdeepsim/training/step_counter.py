"""Counts training steps and measures speed."""

import time
from typing import Any

import keras

from tfdeepsim.training.checkpoint import TrainingProgress


class StepCounter(keras.callbacks.Callback):
    """Counts steps and seconds, and adds speed and learning rate to the logs of each epoch.

    It must be the first of the callbacks, so that the others see what it adds.

    Args:
        progress: Progress of the run; its `step` and `seconds` are updated.
        batch_size: Number of examples in a step.

    Example:
        >>> model.fit(batches, callbacks=[StepCounter(TrainingProgress(), batch_size=64)])
    """

    def __init__(self, progress: TrainingProgress, batch_size: int):
        super().__init__()
        self.progress = progress
        self.batch_size = batch_size

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._steps = 0
        self._begin = time.perf_counter()
        self._training_seconds = 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.progress.step += 1
        self._steps += 1

    def on_test_begin(self, logs: Any = None) -> None:
        self._training_seconds = time.perf_counter() - self._begin

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        seconds = time.perf_counter() - self._begin
        self.progress.seconds += seconds
        images = self._steps * self.batch_size
        logs["images_per_second"] = images / (self._training_seconds or seconds)
        logs["learning_rate"] = float(
            keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        )
