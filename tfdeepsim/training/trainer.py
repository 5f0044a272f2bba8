"""Train one run, from its config to its best weights."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import rich.console
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import describe, open_dataset
from tfdeepsim.data.dataset import Dataset, Description, Sources
from tfdeepsim.data.pipeline import batches, training_batches
from tfdeepsim.data.source import Source
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.duration import duration
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory, replacing, write_json
from tfdeepsim.training.bar import Bar
from tfdeepsim.training.board import Board, reconstruct
from tfdeepsim.training.build import build_model, make_strategy
from tfdeepsim.training.checkpoint import (
    Checkpoint,
    Progress,
    load_best,
    load_state,
    patience_of,
)
from tfdeepsim.training.environment import environment
from tfdeepsim.training.meter import Meter
from tfdeepsim.training.plan import Plan, measure_step, peak_bytes, show_plan
from tfdeepsim.training.probing import Probing, column
from tfdeepsim.training.projector import write_projector

GRID_IMAGES = 8
SAMPLE_IMAGES = 16
PROJECTED_IMAGES = 1000


def train(
    config: TrainConfig,
    run: RunDirectory,
    *,
    resume: bool = False,
    overwrite: bool = False,
    dry_run: bool = False,
    console: rich.console.Console | None = None,
) -> None:
    """Train as `config` says and leave the best weights in `run`.

    Training that was interrupted at any moment goes on with `resume` from the last whole epoch; with
    `config.deterministic` it ends at the same bits as training that was not.

    Args:
        config: What to train.
        run: Where everything goes.
        resume: Go on with the run that is there; `config` must be its own, up to the number of epochs.
        overwrite: Replace the run that is there.
        dry_run: Check everything and show the plan, write nothing.
        console: Where the plan is shown.

    Raises:
        InputError: If something asked for cannot be done, or a loss term stops being finite.
    """
    console = console or rich.console.Console()
    if config.deterministic:
        keras.utils.set_random_seed(config.seed)
        tf.config.experimental.enable_op_determinism()
    description = describe(config.dataset, config.data_dir, config)
    strategy = make_strategy(config)
    model = build_model(config, description.image_shape, strategy)
    progress = load_state(run, model) if resume and run.state.exists() else Progress()
    with strategy.scope():
        plan = make_plan(config, description, model, progress)
        show_plan(console, config, plan, model, description, run.path)
    if dry_run:
        return
    if not resume:
        run.create(overwrite)
    with run.locked():
        dataset = open_dataset(config.dataset, config.data_dir, config)
        if config.probe_every:
            dataset.labelled()
        _record(config, run, model, dataset, resume)
        sources = Sources(dataset, config.cache)
        if config.choose_by == "probe":
            progress.chosen_by = column(dataset)
        _fit(config, run, model, progress, sources, console)
        _finish(run, model, progress, sources["encoder_validation"], console)


def make_plan(config: TrainConfig, description: Description, model: DeePSiM, progress: Progress) -> Plan:
    """Size up the run, with a few trial steps."""
    images = description.splits["encoder_train"]
    if images < config.batch_size:
        raise InputError(
            "--batch-size must not exceed the training images",
            got=f"{config.batch_size} for {images} images",
            accepted=f"1 to {images}",
        )
    steps_per_epoch = images // config.batch_size
    seconds = measure_step(model, description.image_shape, config.batch_size)
    return Plan(
        images=images,
        steps_per_epoch=steps_per_epoch,
        steps=max(0, config.total_steps(steps_per_epoch) - progress.step),
        batch_size=config.batch_size,
        parameters=sum(int(np.prod(v.shape)) for v in model.generator.trainable_variables),
        seconds_per_step=seconds,
        peak_bytes=peak_bytes(),
        data_bytes=images * int(np.prod(description.image_shape)),
    )


def _record(config: TrainConfig, run: RunDirectory, model: DeePSiM, dataset: Dataset, resume: bool) -> None:
    comparator = model.comparator
    record = environment()
    record["dataset"] = {
        "name": config.dataset,
        "image_shape": list(dataset.image_shape),
        "splits": dict(dataset.splits),
        "fingerprint": dataset.fingerprint,
        "task": dataset.task,
        "class_names": list(dataset.class_names),
        "skipped": len(dataset.skipped),
    }
    record["parameters"] = model.generator.count_params()
    record["comparator"] = comparator and {
        key: getattr(comparator, key) for key in ("name", "layer", "source", "sha256")
    }
    if resume:
        _check_same(run, record, "dataset", "fingerprint")
        _check_same(run, record, "comparator", "sha256")
    write_json(run.environment, record)
    # Last: a folder without it is no run yet.
    write_json(run.config, config.to_dict())


def _check_same(run: RunDirectory, record: dict[str, Any], what: str, digest: str) -> None:
    before, now = run.read_environment()[what], record[what]
    if before and now and before[digest] != now[digest]:
        raise InputError(
            f"--resume goes on with the same {what}",
            got=f"{digest} {now[digest]}",
            accepted=f"{before[digest]}, with which {run.path} was trained",
        )


def _fit(
    config: TrainConfig,
    run: RunDirectory,
    model: DeePSiM,
    progress: Progress,
    sources: Sources,
    console: rich.console.Console,
) -> None:
    training, validation = sources["encoder_train"], sources["encoder_validation"]
    steps_per_epoch = len(training.images) // config.batch_size
    total = config.total_steps(steps_per_epoch)
    epochs = -(-total // steps_per_epoch)
    patience = patience_of(config, epochs)
    bar = Bar(console, epochs)
    callbacks = [
        Meter(progress, config.batch_size),
        *([Probing(sources, config.probe_every, epochs)] if config.probe_every else []),
        Board(run, validation.images[:GRID_IMAGES]),
        Checkpoint(run, progress, patience),
        bar,
    ]
    # Whole epochs, then what --steps leaves over.
    for length in (steps_per_epoch, total % steps_per_epoch):
        whole = length and (total - progress.step) // length
        if not whole or progress.exhausted(patience):
            continue
        data = training_batches(
            training,
            batch_size=config.batch_size,
            seed=config.seed,
            steps=range(progress.step, progress.step + whole * length),
        )
        with finite(progress), bar:
            model.fit(
                data,
                validation_data=batches(validation, config.batch_size),
                initial_epoch=progress.epoch,
                epochs=progress.epoch + whole,
                steps_per_epoch=length,
                shuffle=False,
                verbose=0,
                callbacks=callbacks,
            )


@contextlib.contextmanager
def finite(progress: Progress) -> Iterator[None]:
    """Turn the numerics check of a loss term into one line with its name and the step."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        if "loss term" not in error.message:
            raise
        term = error.message.split("loss term '")[1].split("'")[0]
        raise InputError(
            "every loss term must stay finite",
            got=f"NaN or infinity in term '{term}' at step {progress.step + 1}",
            accepted="data without NaN, a lower --learning-rate or other loss weights; --resume is possible",
        ) from error


def _finish(
    run: RunDirectory, model: DeePSiM, progress: Progress, validation: Source, console: rich.console.Console
) -> None:
    best = load_best(run, model.generator)
    save_samples(run, model, validation.images[:SAMPLE_IMAGES])
    shown = slice(0, PROJECTED_IMAGES)
    images = batches(Source(validation.images[shown], {}), 256).map(lambda batch: batch["image"])
    embeddings = model.generator.encoder.predict(images, verbose=0)["latent"]
    labels = {name: values[shown] for name, values in validation.labels.items()}
    write_projector(run.path / "validation", embeddings, validation.images[shown], labels)
    console.print(
        f"trained {progress.epoch} epochs, {progress.step:,} steps in {duration(progress.seconds)}; "
        f"best epoch {progress.best_epoch}, validation loss {best['val_loss']:.5g}",
        highlight=False,
    )


def save_samples(run: RunDirectory, model: DeePSiM, images: np.ndarray) -> None:
    """Write `samples.npz`: originals and reconstructions, uint8 [n, H, W, C]."""
    with replacing(run.samples) as new, open(new, "wb") as file:
        np.savez_compressed(file, original=images, reconstruction=reconstruct(model, images))
