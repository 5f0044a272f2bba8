"""A run that ended at any step goes on at that step, and ends at the same bits."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import rich.console
from squares import squares

from tfdeepsim.arrays import load_arrays, save_arrays
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory
from tfdeepsim.training import trainer
from tfdeepsim.training.build import build_model
from tfdeepsim.training.checkpoint import TrainingProgress, load_state
from tfdeepsim.training.tasks import make_task

QUIET = rich.console.Console(quiet=True)
SMALL = {"network": "dosovitskiy", "width": 0.1}
SYSTEMS = {
    "pixel": SMALL | {"augment": "flip", "probe_every": 1},
    "vae": {"model": "vae", "latent_dim": 4},
    "deepsim": SMALL
    | {"loss": "deepsim", "comparator": "random_alexnet:relu1", "gate": "hysteresis"},
    "shares": SMALL
    | {"loss": "deepsim", "comparator": "random_alexnet:relu1", "lambda_units": "shares"},
    "inversion": {"task": "inversion", "invert": "random_alexnet:pool2", "width": 0.1},
    "comparator": {"task": "comparator", "comparator": "exemplar_cnn", "surrogate_classes": 2},
}
STEPS = 5
"""Steps of an epoch."""
SPEED = "images_per_second"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "squares.npz"
    images, labels, _ = squares(30, seed=3)
    np.savez(path, images=images, labels=labels)
    return f"npz:{path}"


class Ends(keras.callbacks.Callback):
    """Ends training after a step, before its state is saved; or in validation after that step."""

    def __init__(self, progress, step, how):
        super().__init__()
        self.progress, self.step, self.how = progress, step, how

    def on_train_batch_end(self, batch, logs=None):
        if self.progress.step == self.step:
            if self.how == "killed":
                raise RuntimeError("killed")
            if self.how == "signal":
                os.kill(os.getpid(), signal.SIGINT)

    def on_test_begin(self, logs=None):
        if self.how == "validation" and self.progress.step == self.step:
            raise RuntimeError("killed")


def train(path, data, end=None, how="killed", **fields):
    """Train by the trainer's own steps, from the state in `path`, to the end or to step `end`."""
    config = TrainConfig(
        **{"dataset": data, "batch_size": 4, "epochs": 2, "checkpoint_minutes": 0.0} | fields
    )
    run = RunDirectory(path)
    task = make_task(config)
    model = build_model(task)
    if run.state.exists():
        progress = load_state(run, model)
    else:
        run.create()
        progress = TrainingProgress(monitor=task.monitor)
    callbacks = task.callbacks
    task.callbacks = lambda *given: [
        *callbacks(*given),
        *([Ends(progress, end, how)] if end else []),
    ]
    trainer._fit(task, run, model, progress, QUIET)
    return run


def rows(run):
    with open(run.history) as file:
        return [{k: v for k, v in row.items() if k != SPEED} for row in csv.DictReader(file)]


def check_equal(run, other):
    for name in ("state", "best"):
        (arrays, _), (others, _) = (load_arrays(getattr(r, name)) for r in (run, other))
        for a, b in zip(arrays, others, strict=True):
            np.testing.assert_array_equal(a, b, name)
    assert rows(run) == rows(other)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, data):
    runs = {}

    def of(system):
        if system not in runs:
            path = tmp_path_factory.mktemp("whole") / system
            runs[system] = train(path, data, **SYSTEMS[system])
        return runs[system]

    return of


SLOW = ("shares", "inversion", "comparator")


@pytest.mark.parametrize(
    "system", [pytest.param(s, marks=[pytest.mark.slow] * (s in SLOW)) for s in SYSTEMS]
)
def test_a_run_that_was_killed_goes_on_at_its_step(tmp_path, data, whole, system):
    fields = SYSTEMS[system]
    with pytest.raises(RuntimeError, match="killed"):
        train(tmp_path / "run", data, STEPS + 3, **fields)
    record = load_arrays(tmp_path / "run" / "state.npz")[1]
    assert record["step"] == STEPS + 2
    assert (len(record["history"]), record["epoch_steps"]) == (1, 2)
    check_equal(train(tmp_path / "run", data, **fields), whole(system))


def test_killed_twice_in_an_epoch_and_in_validation(tmp_path, data, whole):
    fields = SYSTEMS["pixel"]
    for step, how, left in ((1, "killed", None), (3, "killed", 2), (STEPS, "validation", STEPS)):
        with pytest.raises(RuntimeError, match="killed"):
            train(tmp_path / "run", data, step, how, **fields)
        path = tmp_path / "run" / "state.npz"
        assert (load_arrays(path)[1]["epoch_steps"] if path.exists() else None) == left
    check_equal(train(tmp_path / "run", data, **fields), whole("pixel"))


def test_ctrl_c_keeps_the_step_in_which_it_comes(tmp_path, data, whole):
    fields = SYSTEMS["pixel"]
    before = signal.getsignal(signal.SIGINT)
    for step in (2, STEPS):
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "run", data, step, "signal", checkpoint_minutes=1e6, **fields)
        assert load_arrays(tmp_path / "run" / "state.npz")[1]["epoch_steps"] == step
    assert signal.getsignal(signal.SIGINT) is before
    check_equal(train(tmp_path / "run", data, checkpoint_minutes=1e6, **fields), whole("pixel"))


def test_a_shorter_last_epoch_becomes_a_whole_one(tmp_path, data, whole):
    fields = SYSTEMS["pixel"] | {"epochs": None, "steps": STEPS + 2}
    with pytest.raises(RuntimeError, match="killed"):
        train(tmp_path / "run", data, STEPS + 2, **fields)
    check_equal(train(tmp_path / "run", data, **fields | {"steps": 2 * STEPS}), whole("pixel"))


def test_a_run_cannot_end_before_the_step_where_it_was_interrupted():
    progress = TrainingProgress(step=7, epoch_steps=2)
    trainer._check_steps(progress, steps_per_epoch=5, total=7)
    for steps_per_epoch, total in ((5, 6), (1, 9)):
        with pytest.raises(InputError, match=r"goes on from the step .*got step 7 of \d"):
            trainer._check_steps(progress, steps_per_epoch, total)
    # After whole epochs, such a run is finished.
    trainer._check_steps(TrainingProgress(step=10), steps_per_epoch=5, total=5)


@pytest.mark.parametrize(
    ("step", "epoch_steps", "total", "part"),
    [(0, 0, 12, (5, 2)), (7, 2, 12, (3, 1)), (10, 0, 12, (2, 1)), (11, 1, 12, (1, 1)),
     (12, 2, 12, (0, 1)), (10, 5, 12, (0, 1)), (12, 0, 12, None), (12, 0, 10, None),
     (7, 0, 20, (5, 2)), (17, 0, 20, (3, 1)), (11, 1, 20, (4, 1))],
)  # fmt: skip
def test_what_is_trained_next(step, epoch_steps, total, part):
    progress = TrainingProgress(step=step, epoch_steps=epoch_steps)
    assert trainer._next_part(progress, 5, total) == part


def test_means_of_another_model_are_refused(tmp_path, data):
    task = make_task(TrainConfig(**SMALL, dataset=data))
    model = build_model(task)
    run, arrays = RunDirectory(tmp_path), [v.numpy() for v in model.state_variables()]
    means = {name: [[1.0], [4.0]] for name in model.means}
    for other in ({}, {"loss": [[1.0], [4.0]]}, {name: [[1.0]] for name in means}):
        record = TrainingProgress(step=4, epoch_steps=4, means=other).to_record()
        save_arrays(run.state, arrays, record)
        with pytest.raises(
            InputError, match=r"must fit its run's config\.json: got state\.npz with"
        ):
            load_state(run, model)
    record = TrainingProgress(step=4, epoch_steps=4, means=means).to_record()
    save_arrays(run.state, arrays, record)
    assert load_state(run, model).means == means


SCRIPT = Path(__file__).with_name("resume_on_two_devices.py")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pixel", "deepsim"])
def test_two_devices_go_on_at_the_step(tmp_path, data, name):
    subprocess.run(
        [sys.executable, SCRIPT, name, data, tmp_path],
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])},
        check=True,
    )
    check_equal(RunDirectory(tmp_path / "resumed"), RunDirectory(tmp_path / "whole"))
    record = load_arrays(tmp_path / "interrupted.npz")[1]
    assert (record["step"], record["epoch_steps"]) == (2, 2)
    assert {len(values) for of in record["means"].values() for values in of} == {2}
