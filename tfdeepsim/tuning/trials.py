"""What became of each trial: for the table of trials, and for the terminal."""

import csv
import dataclasses
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras_tuner
import rich.console

from tfdeepsim.files import replacing
from tfdeepsim.tuning.probe import TRIAL_OF
from tfdeepsim.tuning.space import Design, design_of


@dataclasses.dataclass(frozen=True)
class TrialRecord:
    """One line of `trials.csv`.

    Attributes:
        trial: Its name.
        status: `completed`; `failed`, where the probe diverged; or `running`, where it has not
            ended.
        design: The probe.
        continues: Name of the trial whose weights it began with (Hyperband), or empty.
        validation_loss: The lowest of its epochs: cross-entropy in nats, or squared error of
            standardised labels; NaN where there is none.
        validation_metric: At that epoch: `accuracy`, or `l1` in label units.
        epochs: How many it trained.
        seconds: How long that took.
    """

    trial: str
    status: str
    design: Design
    continues: str
    validation_loss: float
    validation_metric: float
    epochs: int
    seconds: float


def record(trial: Any, metric: str) -> TrialRecord:
    """What became of keras-tuner's `trial`; `metric` is the problem's."""

    def value(name: str) -> float:
        return float(trial.metrics.get_last_value(name)) if trial.metrics.exists(name) else math.nan

    values = trial.hyperparameters.values
    epochs = value("epochs")
    return TrialRecord(
        trial=trial.trial_id,
        status=trial.status.lower(),
        design=design_of(values),
        continues=values.get(TRIAL_OF, ""),
        validation_loss=value("val_loss"),
        validation_metric=value(f"val_{metric}"),
        epochs=0 if math.isnan(epochs) else round(epochs),
        seconds=value("seconds"),
    )


def records(oracle: keras_tuner.Oracle, metric: str) -> list[TrialRecord]:
    """All trials, in the order in which they began."""
    return [record(oracle.trials[name], metric) for name in list(oracle.start_order)]


def best_of(found: Iterable[TrialRecord]) -> TrialRecord | None:
    """The completed trial of lowest validation loss, the earlier of equals; None if there is
    none."""
    done = [
        one for one in found if one.status == "completed" and math.isfinite(one.validation_loss)
    ]
    return min(done, key=lambda one: one.validation_loss, default=None)


def write_trials(path: Path, found: Iterable[TrialRecord]) -> None:
    """Write trials as CSV with a header, whole or not at all; hyperparameters have a column
    each."""
    names = [field.name for field in dataclasses.fields(TrialRecord)]
    at = names.index("design")
    design = [field.name for field in dataclasses.fields(Design)]
    with replacing(path) as new, open(new, "w", newline="") as file:
        writer = csv.DictWriter(file, [*names[:at], *design, *names[at + 1 :]])
        writer.writeheader()
        for one in found:
            row = {name: getattr(one, name) for name in names if name != "design"}
            hyperparameters = dataclasses.asdict(one.design) | {"hidden": one.design.architecture}
            if not one.design.hidden:
                hyperparameters |= {"activation": "", "dropout": ""}
            writer.writerow(row | hyperparameters)


class Progress:
    """A line for each trial that ends, and the table of trials kept up to date.

    Args:
        path: The table.
        metric: The problem's.
        total: Most trials there may be.
        console: Where the lines go.
    """

    def __init__(self, path: Path, metric: str, total: int, console: rich.console.Console):
        self._path = path
        self._metric = metric
        self._total = total
        self._console = console
        self._seen: int | None = None

    def update(self, oracle: keras_tuner.Oracle) -> None:
        """Say what ended since the last call; the first call says what was there before."""
        ended: Sequence[str] = list(oracle.end_order)
        if self._seen is None:
            self._seen = len(ended)
            if ended:
                self._console.print(f"going on: {len(ended)} trials are kept", highlight=False)
        if self._seen == len(ended):
            return
        found = records(oracle, self._metric)
        write_trials(self._path, found)
        by_name = {one.trial: one for one in found}
        for index, name in enumerate(ended[self._seen :], self._seen + 1):
            line = self._line(index, by_name[name], best_of(found))
            self._console.print(line, highlight=False, soft_wrap=True)
        self._seen = len(ended)

    def _line(self, index: int, one: TrialRecord, best: TrialRecord | None) -> str:
        head = f"trial {index}/{self._total}  {one.design}"
        if one.status != "completed":
            return f"{head}: diverged"
        loss = (
            f"validation loss {one.validation_loss:.4g}, {self._metric} {one.validation_metric:.4g}"
        )
        so_far = (
            "the best so far"
            if best is None or best.trial == one.trial
            else f"best {best.validation_loss:.4g}"
        )
        return f"{head}: {loss} ({so_far})  {one.epochs} epochs, {one.seconds:.1f} s"
