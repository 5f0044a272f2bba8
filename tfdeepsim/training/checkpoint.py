"""Everything needed to go on after the last epoch, in one file that is written whole or not at all.

Order of resuming: the model is built from `config.json`, its variables are assigned from
`state.npz`, and the data goes on from the step that is written there. Keras' own checkpoints lose
the state of random generators, so the variables are listed here one by one.
"""

import csv
from typing import Any

import keras
import numpy as np

from tfdeepsim.arrays import assign, load_arrays, save_arrays
from tfdeepsim.config import TrainConfig
from tfdeepsim.files import replacing
from tfdeepsim.run import RunDirectory


class Progress:
    """How far a run has come.

    Attributes:
        history: One dictionary an epoch: `epoch` (from 1), every term, `val_` terms, rate, speed.
        step: Optimizer steps taken.
        seconds: Time spent in training, over all sessions of this run.
        chosen_by: The column of `history` that tells the best epoch: a high accuracy, a late
            `epoch`, or else a low value.
    """

    def __init__(
        self,
        history: list[dict[str, float]] | None = None,
        step: int = 0,
        seconds: float = 0.0,
        chosen_by: str = "val_loss",
    ):
        self.history = history or []
        self.step = step
        self.seconds = seconds
        self.chosen_by = chosen_by

    @property
    def epoch(self) -> int:
        """Epochs finished."""
        return len(self.history)

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, that is best in `chosen_by`, the first of several; 0 before the
        first."""
        scores = np.array([row.get(self.chosen_by, np.nan) for row in self.history])
        if np.isnan(scores).all():
            return 0
        high = self.chosen_by == "epoch" or self.chosen_by.endswith("accuracy")
        return 1 + int(np.nanargmin(-scores if high else scores))

    def exhausted(self, patience: int) -> bool:
        """Whether no epoch was better for `patience` epochs."""
        return self.epoch - self.best_epoch >= patience


def patience_of(config: TrainConfig, total_epochs: int) -> int:
    """`config.patience`, or that of Pihlgren et al., as the integer that they meant."""
    return config.patience or max(10, total_epochs // 20)


class Checkpoint(keras.callbacks.Callback):
    """At the end of each epoch: best weights, state, history; and stop when patience is exhausted.

    Args:
        run: Where to write.
        progress: Is brought up to date.
        patience: Epochs without a lower validation loss before stopping.
    """

    def __init__(self, run: RunDirectory, progress: Progress, patience: int):
        super().__init__()
        self.run = run
        self.progress = progress
        self.patience = patience

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        progress, model = self.progress, self.model
        progress.history.append(
            {"epoch": epoch + 1, **{name: float(v) for name, v in (logs or {}).items()}}
        )
        if progress.best_epoch == progress.epoch:
            meta = progress.history[-1]
            save_arrays(self.run.best, [v.numpy() for v in model.trained_network.weights], meta)
        save_state(self.run, model, progress)
        write_history(self.run, progress)
        if progress.exhausted(self.patience):
            model.stop_training = True


def save_state(run: RunDirectory, model: Any, progress: Progress) -> None:
    """Write `state.npz`."""
    save_arrays(run.state, [v.numpy() for v in model.state_variables()], vars(progress))


def load_state(run: RunDirectory, model: Any) -> Progress:
    """Bring `model` to where `state.npz` left off."""
    arrays, meta = load_arrays(run.state)
    assign(model.state_variables(), arrays, run.state)
    return Progress(**meta)


def load_best(run: RunDirectory, learned: keras.Model) -> dict[str, Any]:
    """Give `learned` the weights with the lowest validation loss.

    Returns:
        The epoch they are from, and its losses.

    Raises:
        InputError: If the run has none, or they do not fit.
    """
    arrays, meta = load_arrays(run.best)
    assign(learned.weights, arrays, run.best)
    return meta


def write_history(run: RunDirectory, progress: Progress) -> None:
    """Write `history.csv`."""
    with replacing(run.history) as new, open(new, "w", newline="") as file:
        columns = dict.fromkeys(name for row in progress.history for name in row)
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(progress.history)
