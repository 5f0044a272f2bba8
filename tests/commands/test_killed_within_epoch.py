"""Training by the command, killed at a step within an epoch, and resumed: the end is the same."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from squares import squares

from tfdeepsim.arrays import load_arrays

CHECKOUT = Path(__file__).parents[2]
COMMON = (
    *("--dataset", "npz:squares.npz", "--batch-size", "4", "--epochs", "2", "--deterministic"),
    *("--network", "dosovitskiy", "--width", "0.1", "--checkpoint-minutes", "0"),
)
SYSTEMS = {
    "pixel": ("--probe-every", "1"),
    "deepsim": ("--loss", "deepsim", "--comparator", "random_alexnet:relu1"),
}
KILLED = """
import os, runpy, signal, sys
from tfdeepsim.training.step_counter import StepCounter

count = StepCounter.on_train_batch_end

def count_and_die(self, batch, logs=None):
    count(self, batch, logs)
    if self.progress.step == {step}:
        os.kill(os.getpid(), signal.{signal})

StepCounter.on_train_batch_end = count_and_die
runpy.run_path({script!r}, run_name="__main__")
"""


def start(folder, *arguments, step=None, sent="SIGKILL"):
    script = str(CHECKOUT / "train.py")
    code = ["-c", KILLED.format(step=step, script=script, signal=sent)]
    done = subprocess.run(
        [sys.executable, *(code if step else [script]), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr


def history(run):
    with open(run / "history.csv") as file:
        rows = list(csv.DictReader(file))
    return [{k: v for k, v in row.items() if k != "images_per_second"} for row in rows]


def check_equal(run, other):
    for name in ("state.npz", "best.npz"):
        (arrays, meta), (others, other_meta) = (load_arrays(r / name) for r in (run, other))
        for a, b in zip(arrays, others, strict=True):
            np.testing.assert_array_equal(a, b, name)
        assert meta.get("step") == other_meta.get("step")
    assert history(run) == history(other)


@pytest.fixture
def folder(tmp_path):
    images, labels, _ = squares(30, seed=3)
    np.savez(tmp_path / "squares.npz", images=images, labels=labels)
    return tmp_path


@pytest.mark.parametrize("system", ["pixel", pytest.param("deepsim", marks=pytest.mark.slow)])
def test_killed_within_an_epoch_and_resumed_is_the_same(folder, system):
    flags = (*COMMON, *SYSTEMS[system], "--run-dir")
    assert start(folder, *flags, "whole") == (0, "")
    code, _ = start(folder, *flags, "killed", step=8)
    assert code == -signal.SIGKILL
    record = load_arrays(folder / "killed" / "state.npz")[1]
    assert (record["step"], record["epoch_steps"]) == (7, 2)
    assert start(folder, "--resume", "--run-dir", "killed") == (0, "")
    check_equal(folder / "killed", folder / "whole")


def test_sigterm_keeps_the_step_in_which_it_comes(folder):
    flags = (*COMMON, "--checkpoint-minutes", "1000", "--run-dir")
    code, errors = start(folder, *flags, "ended", step=3, sent="SIGTERM")
    assert code == 143
    assert errors.endswith("\nterminated; resume with: train.py --resume --run-dir ended\n")
    assert "Traceback" not in errors
    record = load_arrays(folder / "ended" / "state.npz")[1]
    assert (record["step"], record["epoch_steps"]) == (3, 3)
    resumed = ("--resume", "--run-dir", "ended")
    code, errors = start(folder, *resumed, "--steps", "2")
    assert code == 2
    assert errors.startswith("error: a run goes on from the step where it was interrupted")
    assert start(folder, *resumed, "--checkpoint-minutes", "0.5") == (0, "")
    assert [row["epoch"] for row in history(folder / "ended")] == ["1", "2"]
