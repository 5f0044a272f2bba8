"""Results of trials: the table of trials, and lines on the terminal."""

import csv
import dataclasses
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras_tuner
import rich.console

from tfdeepsim.files import replacing
from tfdeepsim.tuning.hypermodel import EARLIER_TRIAL
from tfdeepsim.tuning.space import Design, design_of


@dataclasses.dataclass(frozen=True)
class TrialRecord:
    """One line of `trials.csv`.

    Attributes:
        trial: Name of the trial.
        status: `completed`; `failed`, if the probe diverged; or `running`, if it has not ended.
        design: Architecture and training settings of the probe.
        continues: Name of the trial whose weights it started with (Hyperband), or empty.
        validation_loss: Lowest validation loss of any epoch: cross-entropy in nats, or squared
            error of standardised labels; NaN if there is none.
        validation_metric: `accuracy` (0 to 1), or `l1` in label units, at the epoch of lowest loss.
        epochs: Number of epochs trained.
        seconds: Time that training took.

    Example:
        >>> best = best_trial(trial_records(tuner.oracle, "accuracy"))
        >>> print(best.design, best.validation_metric)
    """

    trial: str
    status: str
    design: Design
    continues: str
    validation_loss: float
    validation_metric: float
    epochs: int
    seconds: float


def trial_record(trial: Any, metric: str) -> TrialRecord:
    """The record of a trial.

    Args:
        trial: Trial of keras-tuner.
        metric: Metric of the problem, `accuracy` or `l1`.
    """

    def value(name: str) -> float:
        return float(trial.metrics.get_last_value(name)) if trial.metrics.exists(name) else math.nan

    values = trial.hyperparameters.values
    epochs = value("epochs")
    return TrialRecord(
        trial=trial.trial_id,
        status=trial.status.lower(),
        design=design_of(values),
        continues=values.get(EARLIER_TRIAL, ""),
        validation_loss=value("val_loss"),
        validation_metric=value(f"val_{metric}"),
        epochs=0 if math.isnan(epochs) else round(epochs),
        seconds=value("seconds"),
    )


def trial_records(oracle: keras_tuner.Oracle, metric: str) -> list[TrialRecord]:
    """The records of all trials, in the order in which they started.

    Args:
        oracle: Oracle of the search.
        metric: Metric of the problem, `accuracy` or `l1`.
    """
    return [trial_record(oracle.trials[name], metric) for name in list(oracle.start_order)]


def best_trial(trials: Iterable[TrialRecord]) -> TrialRecord | None:
    """The completed trial of lowest validation loss, and the first of equal ones; None if no trial
    was completed."""
    completed = [
        trial
        for trial in trials
        if trial.status == "completed" and math.isfinite(trial.validation_loss)
    ]
    return min(completed, key=lambda trial: trial.validation_loss, default=None)


def write_trials(path: Path, trials: Iterable[TrialRecord]) -> None:
    """Write trials as CSV with a header, completely or not at all.

    Args:
        path: File to write or replace.
        trials: Rows of the file; each hyperparameter of their designs has a column.
    """
    names = [field.name for field in dataclasses.fields(TrialRecord)]
    position = names.index("design")
    design = [field.name for field in dataclasses.fields(Design)]
    with replacing(path) as new, open(new, "w", newline="") as file:
        writer = csv.DictWriter(file, [*names[:position], *design, *names[position + 1 :]])
        writer.writeheader()
        for trial in trials:
            row = {name: getattr(trial, name) for name in names if name != "design"}
            hyperparameters = dataclasses.asdict(trial.design)
            hyperparameters["hidden"] = trial.design.architecture
            if not trial.design.hidden:
                hyperparameters |= {"activation": "", "dropout": ""}
            writer.writerow(row | hyperparameters)


class TrialReporter:
    """Prints a line for each trial that ends, and keeps the table of trials up to date.

    Args:
        path: File of the table.
        metric: Metric of the problem, `accuracy` or `l1`.
        total: Maximum number of trials.
        console: Console that the lines are printed to.

    Example:
        >>> reporter = TrialReporter(directory.table, "accuracy", settings.most_trials, console)
        >>> reporter.update(tuner.oracle)
    """

    def __init__(self, path: Path, metric: str, total: int, console: rich.console.Console):
        self._path = path
        self._metric = metric
        self._total = total
        self._console = console
        self._reported: int | None = None

    def update(self, oracle: keras_tuner.Oracle) -> None:
        """Report the trials that ended since the last call; the first call counts earlier ones."""
        ended: Sequence[str] = list(oracle.end_order)
        if self._reported is None:
            self._reported = len(ended)
            if ended:
                self._console.print(f"resuming the search: {len(ended)} trials are kept")
        if self._reported == len(ended):
            return
        trials = trial_records(oracle, self._metric)
        write_trials(self._path, trials)
        by_name = {trial.trial: trial for trial in trials}
        for number, name in enumerate(ended[self._reported :], self._reported + 1):
            line = self._line(number, by_name[name], best_trial(trials))
            self._console.print(line, soft_wrap=True)
        self._reported = len(ended)

    def _line(self, number: int, trial: TrialRecord, best: TrialRecord | None) -> str:
        head = f"trial {number}/{self._total}  {trial.design}"
        if trial.status != "completed":
            return f"{head}: diverged"
        scores = (
            f"validation loss {trial.validation_loss:.4g}, "
            f"{self._metric} {trial.validation_metric:.4g}"
        )
        comparison = (
            "the best so far"
            if best is None or best.trial == trial.trial
            else f"best so far {best.validation_loss:.4g}"
        )
        return f"{head}: {scores} ({comparison})  {trial.epochs} epochs, {trial.seconds:.1f} s"
