"""Checkpoints: all that is needed to resume after an epoch, or within one, in one file.

A run is resumed in this order: the model is built from `config.json`, its variables are assigned
from `state.npz`, and the data continues at the step that is recorded there. Keras' own checkpoints
lose the state of random generators, so all variables are saved here, in a fixed order.
"""

import copy
import csv
from typing import Any

import keras
import numpy as np

from tfdeepsim.arrays import assign, load_arrays, save_arrays
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.json_fields import check_fields
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.checkpoint_schedule import CheckpointSchedule
from tfdeepsim.training.epoch_means import Means, are_finite, check_means, means_of, set_means
from tfdeepsim.training.step_interrupt import StepInterrupt
from tfdeepsim.training.workers import Workers

_RECORD: dict[str, Any] = {
    "history": list[dict],
    "step": int,
    "seconds": float,
    "chosen_by": str,
    "epoch_steps": int,
    "means": dict,
}
"""Fields of the record in `state.npz` and their types."""
_REQUIRED = {"history", "step", "seconds"}
"""Fields that all versions write."""


class TrainingProgress:
    """How far the training of a run has come.

    Attributes:
        history: One dictionary for each epoch: `epoch` (from 1), all terms, the same with `val_`
            for validation, learning rate and speed.
        step: Number of optimizer steps taken.
        seconds: Time spent in training, over all sessions of this run.
        monitor: Column of `history` that decides which epoch is best: the highest accuracy, the
            latest `epoch`, or else the lowest value.
        epoch_steps: Number of steps taken in the epoch that is under way.
        means: Means of that epoch when it was interrupted, as `means_of` returns them.

    Example:
        >>> progress = TrainingProgress([{"epoch": 1, "val_loss": 0.3}])
        >>> progress.best_epoch
        1
    """

    def __init__(
        self,
        history: list[dict[str, float]] | None = None,
        step: int = 0,
        seconds: float = 0.0,
        monitor: str = "val_loss",
        epoch_steps: int = 0,
        means: Means | None = None,
    ):
        self.history = history or []
        self.step = step
        self.seconds = seconds
        self.monitor = monitor
        self.epoch_steps = epoch_steps
        self.means = means or {}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "TrainingProgress":
        """The progress that `to_record` described.

        Raises:
            InputError: If the record lacks a field, or one has another type.
        """
        check_fields(record, _RECORD, "state.npz")
        rows = record.get("history", [])
        numbers = {name: float for row in rows for name in row}
        for row in rows:
            check_fields(row, numbers, "the history in state.npz")
        if record.keys() - _RECORD or _REQUIRED - record.keys():
            raise InputError(
                "state.npz records the progress of its run",
                got=", ".join(sorted(record)) or "nothing",
                accepted=", ".join(_RECORD),
            )
        if not 0 <= record["step"] < 2**62:
            raise InputError(
                "step in state.npz is out of range",
                got=record["step"],
                accepted=f"0 to {2**62 - 1}",
            )
        epoch_steps, means = record.get("epoch_steps", 0), record.get("means", {})
        if not 0 <= epoch_steps <= record["step"]:
            raise InputError(
                "epoch_steps in state.npz is out of range",
                got=epoch_steps,
                accepted=f"0 to {record['step']}",
            )
        check_fields(means, dict.fromkeys(means, list[list[float]]), "the means in state.npz")
        return cls(
            record["history"],
            record["step"],
            record["seconds"],
            record.get("chosen_by", "val_loss"),
            epoch_steps,
            means,
        )

    def to_record(self) -> dict[str, Any]:
        """JSON values for `state.npz`."""
        record = {
            "history": self.history,
            "step": self.step,
            "seconds": self.seconds,
            "chosen_by": self.monitor,
        }
        # At the end of an epoch the record is that of earlier versions, which can read it.
        within = {"epoch_steps": self.epoch_steps, "means": self.means}
        return record | within if self.epoch_steps else record

    @property
    def epoch(self) -> int:
        """Number of finished epochs."""
        return len(self.history)

    @property
    def best_epoch(self) -> int:
        """The first epoch, from 1, with the best value of `monitor`; 0 if no epoch has one."""
        scores = np.array([row.get(self.monitor, np.nan) for row in self.history])
        if np.isnan(scores).all():
            return 0
        highest = self.monitor == "epoch" or self.monitor.endswith("accuracy")
        return 1 + int(np.nanargmin(-scores if highest else scores))

    def exhausted(self, patience: int) -> bool:
        """Whether the last `patience` epochs brought no better one."""
        return self.epoch - self.best_epoch >= patience


def patience_of(config: TrainConfig, total_epochs: int) -> int:
    """`config.patience`, or by default that of Pihlgren et al. 2020, rounded down.

    Args:
        config: The run's config.
        total_epochs: Number of epochs of the whole run.
    """
    return config.patience or max(10, total_epochs // 20)


class Checkpoint(keras.callbacks.Callback):
    """Saves best weights, state and history after each epoch, and stops training when patience is
    exhausted; saves the state within an epoch, too. Of several workers, the chief saves.

    It must come after `StepCounter`. It is a context manager, in which Ctrl-C and SIGTERM wait for
    the end of the training step, so that the state after it is saved.

    Args:
        run: Run directory to write to.
        progress: Progress of the run; each epoch is added to its history. If it is within an epoch,
            the next one to begin is the rest of that.
        patience: Number of epochs without a better one after which training stops.
        workers: The processes that train the run; None for this one alone.
        schedule: When to save within an epoch; None for every ten minutes.

    Example:
        >>> progress = TrainingProgress()
        >>> with Checkpoint(run, progress, patience=10) as checkpoint:
        ...     model.fit(batches, callbacks=[StepCounter(progress, batch_size=64), checkpoint])
    """

    def __init__(
        self,
        run: RunDirectory,
        progress: TrainingProgress,
        patience: int,
        workers: Workers | None = None,
        schedule: CheckpointSchedule | None = None,
    ):
        super().__init__()
        self.run = run
        self.progress = progress
        self.patience = patience
        self.workers = workers or Workers()
        self.schedule = schedule or CheckpointSchedule(10, workers)
        self._interrupt = StepInterrupt()

    def __enter__(self) -> "Checkpoint":
        self._interrupt.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._interrupt.__exit__(*exception)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.progress.epoch_steps:
            # Keras has reset the means just before.
            set_means(self.model, self.progress.means, self.workers)
        self._began = self.schedule.clock()
        self.schedule.begin()
        self._interrupt.waits = True

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.progress.epoch_steps += 1
        # None of several workers may go on to validation with a signal that the others do not know.
        is_last = batch == self.params["steps"] - 1
        if self.schedule.is_due(self._interrupt.is_pending, is_last):
            self._save_within_epoch()
            self.schedule.begin()
        if self.schedule.all_stop:
            self._interrupt.act()
            raise KeyboardInterrupt("another worker was interrupted")

    def _save_within_epoch(self) -> None:
        progress = self.progress
        self.model.checks.raise_first()
        progress.means = means_of(self.model, self.workers)
        # Where one is not, the next step fails, and the state before will be needed.
        if self.workers.is_chief and are_finite(progress.means):
            now = copy.copy(progress)
            now.seconds += self.schedule.clock() - self._began
            save_state(self.run, self.model, now)

    def on_test_begin(self, logs: Any = None) -> None:
        # Validation takes long, and changes nothing that would have to be saved.
        self._interrupt.waits = False
        self._interrupt.act()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._interrupt.waits = False
        progress, model = self.progress, self.model
        row = {"epoch": epoch + 1, **{name: float(v) for name, v in (logs or {}).items()}}
        # One row for all workers, so that all of them stop after the same epoch.
        progress.history.append(self.workers.of_chief(row))
        progress.epoch_steps, progress.means = 0, {}
        if self.workers.is_chief:
            # An interrupted write can leave a temporary folder.
            self._interrupt.waits = True
            if progress.best_epoch == progress.epoch:
                weights = [v.numpy() for v in model.trained_network.weights]
                save_arrays(self.run.best, weights, progress.history[-1])
            save_state(self.run, model, progress)
            write_history(self.run, progress)
            self._interrupt.waits = False
            self._interrupt.act()
        if progress.exhausted(self.patience):
            model.stop_training = True


def save_state(run: RunDirectory, model: Any, progress: TrainingProgress) -> None:
    """Write `state.npz`: all variables that a training step changes, and the progress."""
    save_arrays(run.state, [v.numpy() for v in model.state_variables()], progress.to_record())


def load_state(run: RunDirectory, model: Any) -> TrainingProgress:
    """Assign the state in `state.npz` to `model`, and return the progress of the run.

    Raises:
        InputError: If the file is missing, damaged, or of another model.
    """
    arrays, record = load_arrays(run.state)
    assign(model.state_variables(), arrays, run.state)
    progress = TrainingProgress.from_record(record)
    if progress.epoch_steps:
        check_means(model, progress.means)
    return progress


def load_best(run: RunDirectory, network: keras.Model) -> dict[str, Any]:
    """Assign the weights of the best epoch to `network`.

    Returns:
        The row of the history for that epoch.

    Raises:
        InputError: If the run has no such weights, or they do not fit.
    """
    arrays, meta = load_arrays(run.best)
    check_fields(meta, dict.fromkeys(meta, float), run.best.name)
    if missing := {"epoch", "val_loss"} - meta.keys():
        raise InputError(
            "best.npz records the losses of its epoch",
            got=f"{run.best} without {', '.join(sorted(missing))}",
            accepted="the file as train.py wrote it",
        )
    assign(network.weights, arrays, run.best)
    return meta


def write_history(run: RunDirectory, progress: TrainingProgress) -> None:
    """Write `history.csv`."""
    with replacing(run.history) as new, open(new, "w", newline="") as file:
        columns = dict.fromkeys(name for row in progress.history for name in row)
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(progress.history)
