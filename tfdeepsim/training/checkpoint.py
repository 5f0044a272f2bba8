"""Checkpoints: all that is needed to resume after the last epoch, in one file.

A run is resumed in this order: the model is built from `config.json`, its variables are assigned
from `state.npz`, and the data continues at the step that is recorded there. Keras' own checkpoints
lose the state of random generators, so all variables are saved here, in a fixed order.
"""

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
from tfdeepsim.training.workers import Workers

_RECORD: dict[str, Any] = {
    "history": list[dict],
    "step": int,
    "seconds": float,
    "chosen_by": str,
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
    ):
        self.history = history or []
        self.step = step
        self.seconds = seconds
        self.monitor = monitor

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
        return cls(
            record["history"],
            record["step"],
            record["seconds"],
            record.get("chosen_by", "val_loss"),
        )

    def to_record(self) -> dict[str, Any]:
        """JSON values for `state.npz`."""
        return {
            "history": self.history,
            "step": self.step,
            "seconds": self.seconds,
            "chosen_by": self.monitor,
        }

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
    exhausted. Of several workers, the chief saves.

    Args:
        run: Run directory to write to.
        progress: Progress of the run; each epoch is added to its history.
        patience: Number of epochs without a better one after which training stops.
        workers: The processes that train the run; None for this one alone.

    Example:
        >>> progress = TrainingProgress()
        >>> model.fit(batches, callbacks=[Checkpoint(run, progress, patience=10)])
    """

    def __init__(
        self,
        run: RunDirectory,
        progress: TrainingProgress,
        patience: int,
        workers: Workers | None = None,
    ):
        super().__init__()
        self.run = run
        self.progress = progress
        self.patience = patience
        self.workers = workers or Workers()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        progress, model = self.progress, self.model
        row = {"epoch": epoch + 1, **{name: float(v) for name, v in (logs or {}).items()}}
        # One row for all workers, so that all of them stop after the same epoch.
        progress.history.append(self.workers.of_chief(row))
        if self.workers.is_chief:
            if progress.best_epoch == progress.epoch:
                weights = [v.numpy() for v in model.trained_network.weights]
                save_arrays(self.run.best, weights, progress.history[-1])
            save_state(self.run, model, progress)
            write_history(self.run, progress)
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
    return TrainingProgress.from_record(record)


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
