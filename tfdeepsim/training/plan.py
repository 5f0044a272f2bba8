"""What a run will do and cost, told before it starts."""

import dataclasses
import resource
import statistics
import time
from collections.abc import Mapping
from typing import Any

import keras
import rich.console
import rich.table
import tensorflow as tf

from tfdeepsim.data.dataset import Description
from tfdeepsim.data.pipeline import without_autotuning
from tfdeepsim.duration import duration
from tfdeepsim.training.task import Task

TRIAL_STEPS = 6


@dataclasses.dataclass(frozen=True)
class Plan:
    """Size and cost of a run.

    Attributes:
        images: Training images.
        steps_per_epoch: Whole batches in them.
        steps: Optimizer steps still to take.
        batch_size: Images a step.
        seconds_per_step: Measured on this machine, data aside.
        peak_bytes: Resident memory of this process at its highest, after the trial steps.
        data_bytes: Of the decoded frames, which are loaded after the trial.
        comparator_seconds: Of a step, those that the comparator takes; None where there is none.
    """

    images: int
    steps_per_epoch: int
    steps: int
    batch_size: int
    seconds_per_step: float
    peak_bytes: int
    data_bytes: int
    comparator_seconds: float | None = None

    @property
    def seconds(self) -> float:
        return self.steps * self.seconds_per_step

    @property
    def images_per_second(self) -> float:
        return self.batch_size / self.seconds_per_step


def measure_step(model: Any, batch: Mapping[str, tf.Tensor]) -> float:
    """Seconds a training step takes, by a few steps on `batch`; leaves the model as it was."""
    before = [variable.numpy() for variable in model.state_variables()]
    batches = without_autotuning(tf.data.Dataset.from_tensors(dict(batch)).repeat(TRIAL_STEPS))
    clock = _Clock()
    model.fit(batches, steps_per_epoch=TRIAL_STEPS, verbose=0, shuffle=False, callbacks=[clock])
    for variable, value in zip(model.state_variables(), before, strict=True):
        variable.assign(value)
    # The first step also traces and compiles.
    return statistics.median(clock.seconds[1:])


class _Clock(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._begin = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self._begin)


def peak_bytes() -> int:
    """The most memory that this process has had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def show_plan(
    console: rich.console.Console, task: Task, plan: Plan, model: keras.Model, run_path: object
) -> None:
    """Print what will run and what it will cost."""
    config = task.config
    table = rich.table.Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    rows = {
        "run directory": run_path,
        "data": f"{config.dataset}: {plan.images:,} training examples" + _making(task.description),
        **task.plan(model),
        "steps": f"{plan.steps:,} of {config.batch_size} images, {plan.steps_per_epoch:,} an epoch",
        "precision": f"{config.precision}, {tf.distribute.get_strategy().num_replicas_in_sync} replica(s)",
        "memory": f"about {(plan.peak_bytes + plan.data_bytes) / 2**30:.1f} GiB",
        "time": f"about {duration(plan.seconds)} at most, at {plan.images_per_second:.0f} images/s"
        + _share(plan),
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    console.print(table, highlight=False)


def _share(plan: Plan) -> str:
    if plan.comparator_seconds is None:
        return ""
    return f"; the comparator takes {plan.comparator_seconds / plan.seconds_per_step:.0%} of a step"


def _making(description: Description) -> str:
    if description.made:
        return ""
    return f"; made first, about {duration(description.seconds_needed)}, {description.bytes_needed / 1e6:.0f} MB"
