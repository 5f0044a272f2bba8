"""What a run will do and cost, printed before it starts."""

import dataclasses
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import psutil
import rich.console
import tensorflow as tf

from tfdeepsim.data.dataset import Description
from tfdeepsim.data.pipeline import without_autotuning
from tfdeepsim.duration import duration
from tfdeepsim.pixels import to_bytes
from tfdeepsim.tables import Table, print_table
from tfdeepsim.training.balance import balance_lines
from tfdeepsim.training.gpu_memory import DeviceMemory
from tfdeepsim.training.step_errors import memory_errors, numerics_errors
from tfdeepsim.training.task import Task
from tfdeepsim.training.workers import on_all_devices

TRIAL_STEPS = 6
"""Training steps that the time of a step is measured by."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """Size and cost of a run.

    Attributes:
        images: Number of training images.
        steps_per_epoch: Number of full batches in them.
        steps: Number of optimizer steps that are left to take.
        batch_size: Number of images in a step.
        seconds_per_step: Time of a step on this machine, without reading the data.
        peak_bytes: Largest resident memory of this process until the end of the trial steps.
        data_bytes: Size of the decoded images, which are loaded after the trial.
        gpus: Memory of each GPU, and how much of it the trial steps used.
        shares: Share of each term in the gradient at the generated image over the trial steps;
            empty for a single term, and if the data do not exist yet.
        weights: Mean weight of each term over the trial steps, if weights follow shares.
        comparator_seconds: Part of `seconds_per_step` that the comparator takes; None without one.

    Example:
        >>> plan = make_plan(task, build_model(task), TrainingProgress())
        >>> hours = plan.seconds / 3600
    """

    images: int
    steps_per_epoch: int
    steps: int
    batch_size: int
    seconds_per_step: float
    peak_bytes: int
    data_bytes: int
    gpus: Sequence[DeviceMemory] = ()
    comparator_seconds: float | None = None
    shares: Mapping[str, float] = dataclasses.field(default_factory=dict)
    weights: Mapping[str, float] = dataclasses.field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return self.steps * self.seconds_per_step

    @property
    def images_per_second(self) -> float:
        return self.batch_size / self.seconds_per_step


def measure_step(model: Any, batch: Mapping[str, tf.Tensor]) -> float:
    """Seconds of a training step; arguments as of `trial_steps`."""
    return trial_steps(model, batch)[0]


def trial_steps(
    model: Any, batch: Mapping[str, tf.Tensor], as_bytes: bool = False
) -> tuple[float, dict[str, float]]:
    """Train for a few steps, after which the model is left as it was.

    Args:
        model: Compiled model.
        batch: Batch to train on for `TRIAL_STEPS` steps; with several workers, this one's part.
        as_bytes: Whether to give its images to the step as bytes, see `Task.as_bytes`.

    Returns:
        Seconds of a step, and the measures of training by name, which are means over the steps.

    Raises:
        InputError: If a loss term becomes NaN or infinite, or a step does not fit into memory.
    """
    batch = dict(batch)
    if as_bytes:
        batch["bytes"] = tf.constant(to_bytes(batch.pop("image")))
    before = [variable.numpy() for variable in model.state_variables()]
    # The steps that are measured are those that train all networks.
    iterations = model.optimizer.iterations
    iterations.assign(max(int(iterations.numpy()), getattr(model, "adversarial_start", 0)))
    batches = without_autotuning(tf.data.Dataset.from_tensors(batch).repeat(TRIAL_STEPS))
    timer = _StepTimer()
    with numerics_errors(None), memory_errors():
        history = model.fit(
            on_all_devices(batches, model.distribute_strategy),
            steps_per_epoch=TRIAL_STEPS,
            verbose=0,
            shuffle=False,
            callbacks=[timer],
        )
    for variable, value in zip(model.state_variables(), before, strict=True):
        variable.assign(value)
    # The first step also traces and compiles the function.
    measures = {name: float(values[-1]) for name, values in history.history.items()}
    return statistics.median(timer.seconds[1:]), measures


class _StepTimer(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._begin = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self._begin)


def peak_bytes() -> int:
    """Largest resident memory of this process so far, in bytes."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource  # Windows has none.

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def show_plan(
    console: rich.console.Console, task: Task, plan: Plan, model: keras.Model, run_path: object
) -> None:
    """Print what will run and what it will cost.

    Args:
        console: Console to print to.
        task: Task of the run.
        plan: Cost of the run.
        model: Model of the run, compiled.
        run_path: Path of the run directory.
    """
    config = task.config
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    rows = {
        "run directory": run_path,
        "data": f"{config.dataset}: {plan.images:,} training examples"
        + _preparation(task.description)
        + f"\n{task.description.note}" * bool(task.description.note),
        **task.plan(model),
        **_gradient_row(plan),
        "steps": f"{plan.steps:,} of {config.batch_size} images, {plan.steps_per_epoch:,} an epoch",
        "precision": f"{config.precision}, {replicas} replica(s)"
        + ", compiled by XLA" * bool(model.jit_compile),
        "memory": f"about {(plan.peak_bytes + plan.data_bytes) / 2**30:.1f} GiB"
        + "".join(f"\n{memory}" for memory in plan.gpus),
        "time": f"about {duration(plan.seconds)} at most, at {plan.images_per_second:.0f} images/s"
        + _share(plan),
    }
    lines = [
        (name if not number else "", line)
        for name, value in rows.items()
        for number, line in enumerate(str(value).splitlines())
    ]
    print_table(Table("", [], [lines], text_columns=(0, 1)), console)


def _gradient_row(plan: Plan) -> dict[str, str]:
    lines = balance_lines(plan.shares, plan.weights)
    return {"gradient": "\n".join(lines)} if lines else {}


def _share(plan: Plan) -> str:
    if plan.comparator_seconds is None:
        return ""
    return f"; the comparator takes {plan.comparator_seconds / plan.seconds_per_step:.0%} of a step"


def _preparation(description: Description) -> str:
    if description.ready:
        return ""
    megabytes = f"{description.bytes_needed / 1e6:.0f} MB"
    return f"; created first, about {duration(description.seconds_needed)}, {megabytes}"
