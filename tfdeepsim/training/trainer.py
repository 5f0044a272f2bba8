"""Train one run, from its config to its best weights."""

import contextlib
import math
from typing import Any

import keras
import numpy as np
import psutil
import rich.console
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.console import PlainConsole
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.duration import duration
from tfdeepsim.errors import InputError
from tfdeepsim.files import write_json
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.balance import balance_lines, moving_weights, shares
from tfdeepsim.training.build import build_model, make_strategy
from tfdeepsim.training.checkpoint import (
    Checkpoint,
    TrainingProgress,
    load_best,
    load_state,
    patience_of,
)
from tfdeepsim.training.checkpoint_schedule import CheckpointSchedule
from tfdeepsim.training.comparator_record import comparator_seconds
from tfdeepsim.training.determinism import deterministic_operations
from tfdeepsim.training.environment import environment
from tfdeepsim.training.epoch_progress import EpochProgress
from tfdeepsim.training.gpu_memory import gpu_memory, smallest_gpu
from tfdeepsim.training.plan import Plan, peak_bytes, show_plan, trial_steps
from tfdeepsim.training.step_counter import StepCounter
from tfdeepsim.training.step_errors import memory_errors, numerics_errors
from tfdeepsim.training.task import Task
from tfdeepsim.training.tasks import check_data_of_dry_run, make_task
from tfdeepsim.training.transfer import gpu_of, prefetched
from tfdeepsim.training.workers import Workers, on_all_devices


def train(
    config: TrainConfig,
    run: RunDirectory,
    *,
    resume: bool = False,
    overwrite: bool = False,
    dry_run: bool = False,
    console: rich.console.Console | None = None,
    data: LazyDataset | None = None,
) -> keras.Model | None:
    """Train as `config` says and write the best weights to `run`.

    Training that was interrupted at any moment is resumed from the state that was saved last: after
    an epoch, `config.checkpoint_minutes` after the state before, and after the step in which Ctrl-C
    or SIGTERM came. With `config.deterministic` the result has the same bits as that of training
    without interruption.

    Args:
        config: What to train, on which data.
        run: Run directory to write to.
        resume: Whether to resume the run in `run`; `config` must be its own, except for the number
            of epochs.
        overwrite: Whether to replace a run in `run`.
        dry_run: Whether to check everything and show the plan only, without writing anything.
        console: Console for the plan and the progress; None for standard output.
        data: The dataset of `config`, if several runs or checks share it; None to open it.

    Returns:
        The trained network with its best weights; None after a dry run, and on all workers of
        `--strategy multiworker` but the chief.

    Raises:
        InputError: If an option cannot be met, a loss term becomes NaN or infinite, or another
            worker is lost.

    Example:
        >>> train(TrainConfig(dataset="llv2/quickstart", epochs=5), RunDirectory("runs/first"))
    """
    console = console or PlainConsole()
    with contextlib.ExitStack() as held:
        if config.deterministic:
            held.enter_context(deterministic_operations(config.seed))
        data = data or LazyDataset(config)
        if dry_run:
            check_data_of_dry_run(config, data)
        workers = Workers.of(config)
        held.enter_context(workers.needed())
        if not workers.is_chief:
            console = PlainConsole(quiet=True)
        elif resume and not dry_run:
            # Before the state is read, which another process could go on writing.
            held.enter_context(run.locked())
        elif workers.count > 1 and not dry_run:
            # Before the others are waited for.
            run.check_free(overwrite)
        strategy = make_strategy(config, workers)
        workers.check_same_config(config)
        task = make_task(config, data)
        task.shard, task.run = workers.shard, run
        if resume and run.environment.exists():
            task.earlier_record = run.read_environment()
        model = build_model(task, strategy)
        progress = load_state(run, model) if resume and run.state.exists() else TrainingProgress()
        workers.check_same("all workers resume the same run", {"step": progress.step})
        with strategy.scope():
            plan = make_plan(task, model, progress)
            show_plan(console, task, plan, model, run.path)
        if dry_run:
            return None
        had_data = task.description.ready
        if not resume and workers.is_chief:
            run.create(overwrite)
            held.enter_context(run.locked())
        with strategy.scope():
            task.prepare(model)
            if not had_data:
                # The plan had no images to measure the balance of the terms on.
                measures = trial_steps(model, task.trial_batch(), task.as_bytes)[1]
                for line in balance_lines(shares(measures), moving_weights(measures)):
                    console.print(line)
        workers.check_same(
            "all workers train on the same data", {"fingerprint": task.dataset.fingerprint}
        )
        if workers.is_chief:
            _record(task, run, model, resume)
        progress.monitor = task.monitor
        _fit(task, run, model, progress, console, workers)
        workers.leave()
        if not workers.is_chief:
            return None
        _finish(task, run, model, progress, console)
    return model.trained_network


def make_plan(task: Task, model: Any, progress: TrainingProgress) -> Plan:
    """Measure what a run will cost, by a few trial steps.

    Args:
        task: The task of the run.
        model: Its compiled model, whose state is left as it was.
        progress: How far the run has come.

    Raises:
        InputError: If there are fewer training images than a batch needs, or a step does not fit
            into memory.
    """
    config = task.config
    if task.examples < config.batch_size:
        raise InputError(
            "--batch-size must not exceed the training images",
            got=f"{config.batch_size} for {task.examples} images",
            accepted=f"1 to {task.examples}",
        )
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if (validation := task.description.splits.get("encoder_validation", replicas)) < replicas:
        raise InputError(
            "each device needs a validation image",
            got=f"{validation} for {replicas} devices",
            accepted="more images, or fewer devices",
        )
    _check_batch(config.batch_size * math.prod(task.description.image_shape), replicas)
    steps_per_epoch = task.examples // config.batch_size
    _check_steps(progress, steps_per_epoch, config.total_steps(steps_per_epoch))
    batch = task.trial_batch()
    seconds, measures = trial_steps(model, batch, task.as_bytes)
    has_comparator = getattr(model, "comparator", None) is not None
    return Plan(
        images=task.examples,
        steps_per_epoch=steps_per_epoch,
        steps=max(0, config.total_steps(steps_per_epoch) - progress.step),
        batch_size=config.batch_size,
        seconds_per_step=seconds,
        peak_bytes=peak_bytes(),
        gpus=gpu_memory(),
        data_bytes=task.description.splits["encoder_train"]
        * int(np.prod(task.description.image_shape)),
        comparator_seconds=comparator_seconds(model, batch) if has_comparator else None,
        # Of noise, they would say nothing.
        shares=shares(measures) if task.description.ready else {},
        weights=moving_weights(measures),
    )


def _check_batch(pixels: int, replicas: int) -> None:
    """Refuse a batch whose images alone do not fit into memory, before they are allocated."""
    # Floats of four bytes: images, generated images, and the gradient at these.
    needed, gpu = 3 * 4 * pixels, smallest_gpu()
    memory = gpu * replicas if gpu else psutil.virtual_memory().total
    if needed > memory:
        raise InputError(
            "the images of a batch must fit into memory",
            got=f"at least {needed / 2**30:,.1f} GiB",
            accepted=f"up to {memory / 2**30:,.1f} GiB, by a smaller --batch-size or --image-size",
        )


def _record(task: Task, run: RunDirectory, model: Any, resume: bool) -> None:
    dataset = task.dataset
    record = environment()
    record["dataset"] = {
        "name": task.config.dataset,
        "image_shape": list(dataset.image_shape),
        "splits": dict(dataset.splits),
        "fingerprint": dataset.fingerprint,
        "task": dataset.task,
        "class_names": list(dataset.class_names),
        "skipped": len(dataset.skipped),
    }
    record |= {"comparator": None, "inverted": None} | task.record(model)
    if resume:
        _check_same(run, record, "dataset", "fingerprint")
        _check_same(run, record, "comparator", "sha256")
        _check_same(run, record, "inverted", "sha256", "inverted network")
    # First, since a folder with this file can be resumed.
    write_json(run.config, task.config.to_dict())
    write_json(run.environment, record)


def _check_same(
    run: RunDirectory, record: dict[str, Any], what: str, digest: str, called: str | None = None
) -> None:
    before = run.read_environment().get(what) if run.environment.exists() else None
    now = record[what]
    if before and now and before.get(digest) != now[digest]:
        raise InputError(
            f"--resume goes on with the same {called or what}",
            got=f"{digest} {now[digest]}",
            accepted=f"{before.get(digest)}, with which {run.path} was trained",
        )


def _fit(
    task: Task,
    run: RunDirectory,
    model: Any,
    progress: TrainingProgress,
    console: rich.console.Console,
    workers: Workers | None = None,
) -> None:
    config, workers = task.config, workers or Workers()
    steps_per_epoch = task.examples // config.batch_size
    total = config.total_steps(steps_per_epoch)
    epochs = -(-total // steps_per_epoch)
    patience = patience_of(config, epochs)
    schedule = CheckpointSchedule(config.checkpoint_minutes, workers)
    checkpoint = Checkpoint(run, progress, patience, workers, schedule)
    epoch_progress = EpochProgress(console, epochs)
    callbacks = [
        StepCounter(progress, config.batch_size),
        *(task.callbacks(run, epochs) if workers.is_chief else []),
        checkpoint,
        epoch_progress,
    ]
    if progress.epoch_steps:
        place = f"step {progress.epoch_steps:,} of {steps_per_epoch:,}"
        console.print(f"epoch {progress.epoch + 1} goes on after {place}")
    strategy = model.distribute_strategy
    if _next_part(progress, steps_per_epoch, total):
        with memory_errors():
            task.begin()
    while part := _next_part(progress, steps_per_epoch, total):
        if progress.exhausted(patience):
            break
        length, count = part
        with checkpoint, numerics_errors(progress), memory_errors(), epoch_progress:
            validation = on_all_devices(task.validation(), strategy)
            if not length:
                _end_epoch(model, validation, progress.epoch, callbacks)
                continue
            steps = range(progress.step, progress.step + count * length)
            data = prefetched(task.training(steps), gpu_of(strategy))
            model.fit(
                on_all_devices(data, strategy),
                validation_data=validation,
                initial_epoch=progress.epoch,
                epochs=progress.epoch + count,
                steps_per_epoch=length,
                shuffle=False,
                verbose=0,
                callbacks=callbacks,
            )


def _next_part(
    progress: TrainingProgress, steps_per_epoch: int, total: int
) -> tuple[int, int] | None:
    """The next epochs of one length: (steps that are left of each, number of epochs).

    First what is left of an interrupted epoch, then whole epochs, then a shorter one for the steps
    of `--steps` that are left.

    Returns:
        None after the last step; a length of 0 for an epoch that lacks its validation alone.
    """
    done, left = progress.epoch_steps, total - progress.step
    if done:
        return min(steps_per_epoch - done, left), 1
    if left <= 0:
        return None
    return (steps_per_epoch, left // steps_per_epoch) if left >= steps_per_epoch else (left, 1)


def _end_epoch(
    model: Any, validation: Any, epoch: int, callbacks: list[keras.callbacks.Callback]
) -> None:
    """Do what `fit`, which takes no epoch without steps, does after the last step of an epoch."""
    called = keras.callbacks.CallbackList(callbacks, model=model, epochs=epoch + 1, steps=0)
    called.on_train_begin()
    model.reset_metrics()
    called.on_epoch_begin(epoch)
    logs = dict(model._get_metrics_result_or_logs(model.means))
    scores = model.evaluate(validation, callbacks=called, return_dict=True, verbose=0)
    logs |= {f"val_{name}": score for name, score in scores.items()}
    called.on_epoch_end(epoch, logs)
    called.on_train_end(logs)


def _check_steps(progress: TrainingProgress, steps_per_epoch: int, total: int) -> None:
    """Refuse a run that would have to end within the epoch that was interrupted."""
    left = min(steps_per_epoch - progress.epoch_steps, total - progress.step)
    if progress.epoch_steps and left < 0:
        raise InputError(
            "a run goes on from the step where it was interrupted",
            got=f"step {progress.step:,} of {total:,}",
            accepted="more --epochs or --steps",
        )


def _finish(
    task: Task,
    run: RunDirectory,
    model: Any,
    progress: TrainingProgress,
    console: rich.console.Console,
) -> None:
    best = load_best(run, model.trained_network)
    task.finish(run, model, best)
    console.print(
        f"trained {progress.epoch} epochs, {progress.step:,} steps "
        f"in {duration(progress.seconds)}; "
        f"best epoch {progress.best_epoch}, validation loss {best['val_loss']:.5g}",
    )
