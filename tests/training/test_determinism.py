"""Deterministic operations end with the run that asked for them."""

import random

import numpy as np
import pytest
import rich.console
import tensorflow as tf
from squares import squares
from tensorflow.python.framework import config as framework

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.determinism import deterministic_operations
from tfdeepsim.training.trainer import train

QUIET = rich.console.Console(quiet=True)


@pytest.fixture(autouse=True)
def as_before():
    assert not framework.is_op_determinism_enabled()
    yield
    framework.disable_op_determinism()


def test_the_next_run_in_the_process_is_compiled_by_xla(tmp_path):
    np.savez(tmp_path / "squares.npz", images=squares(12, seed=0)[0])
    config = {"dataset": f"npz:{tmp_path}/squares.npz", "network": "dosovitskiy", "width": 0.05}
    config |= {"batch_size": 4, "epochs": 1}
    train(
        TrainConfig(**config, deterministic=True), RunDirectory(tmp_path / "first"), console=QUIET
    )
    assert not framework.is_op_determinism_enabled()
    # Keras warns of a model that it cannot compile, and warnings are errors here.
    train(TrainConfig(**config, jit="on"), RunDirectory(tmp_path / "second"), console=QUIET)


def test_a_run_that_is_refused_leaves_none_behind(tmp_path):
    config = TrainConfig(dataset=f"npz:{tmp_path}/missing.npz", deterministic=True)
    with pytest.raises(InputError, match=r"missing\.npz"):
        train(config, RunDirectory(tmp_path / "run"), console=QUIET)
    assert not framework.is_op_determinism_enabled()


def test_who_asked_for_them_before_keeps_them():
    tf.config.experimental.enable_op_determinism()
    with deterministic_operations(seed=0):
        assert framework.is_op_determinism_enabled()
    assert framework.is_op_determinism_enabled()


def test_the_seed_is_that_of_every_generator():
    drawn = []
    for _ in range(2):
        with deterministic_operations(seed=3):
            drawn.append((random.random(), float(tf.random.normal(()))))
    assert drawn[0] == drawn[1]
