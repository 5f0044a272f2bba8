"""Batches that travel as bytes, and that are copied ahead, train to the same bits."""

import dataclasses
import gc
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import describe
from tfdeepsim.data.splits.split import Split
from tfdeepsim.generator_batch import floats_of_bytes
from tfdeepsim.pixels import to_floats
from tfdeepsim.training.build import build_model
from tfdeepsim.training.generator_task import GeneratorTask
from tfdeepsim.training.plan import trial_steps
from tfdeepsim.training.tasks import make_task
from tfdeepsim.training.transfer import gpu_of, prefetched

SMALL = {"network": "dosovitskiy", "width": 0.05}
KINDS = {
    "vae": SMALL | {"model": "vae", "augment": "flip"},
    "deepsim": SMALL | {"loss": "deepsim", "comparator": "random_alexnet:relu1"},
    "inversion": {"task": "inversion", "invert": "random_alexnet:pool2", "width": 0.05},
}
BATCH, EPOCHS = 4, 2
IMAGES = np.random.default_rng(0).integers(0, 256, (2 * BATCH, 64, 64, 3), np.uint8)
VALIDATION = np.random.default_rng(1).integers(0, 256, (BATCH + 1, 64, 64, 3), np.uint8)


def task_of(kind, jit):
    config = TrainConfig(**KINDS[kind], batch_size=BATCH, jit=jit)
    splits = {"encoder_train": Split(IMAGES, {}), "encoder_validation": Split(VALIDATION, {})}
    described = describe(config.dataset, None, config)
    sizes = {name: len(split.images) for name, split in splits.items()}
    described = dataclasses.replace(described, splits=sizes, ready=True)
    return make_task(config, SimpleNamespace(splits=splits, description=described))


def trained(kind, jit="off", device=None):
    task = task_of(kind, jit)
    model = build_model(task)
    trial_steps(model, task.trial_batch(), task.as_bytes)
    history = model.fit(
        prefetched(task.training(range(2 * EPOCHS)), device),
        validation_data=task.validation(),
        epochs=EPOCHS,
        steps_per_epoch=2,
        shuffle=False,
        verbose=0,
    ).history
    assert model.optimizer.iterations == 2 * EPOCHS
    return history, [variable.numpy() for variable in model.state_variables()]


def assert_equal(result, expected):
    assert result[0] == expected[0]
    for value, other in zip(result[1], expected[1], strict=True):
        np.testing.assert_array_equal(value, other)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("jit", ["off", pytest.param("on", marks=pytest.mark.slow)])
def test_floats_made_in_the_step_train_to_the_same_bits(monkeypatch, kind, jit):
    expected = trained(kind, jit)
    monkeypatch.setattr(GeneratorTask, "as_bytes", True)
    data = task_of(kind, jit).training(range(2))
    assert data.element_spec["bytes"] == tf.TensorSpec((BATCH, 64, 64, 3), tf.uint8)
    assert_equal(trained(kind, jit), expected)


@pytest.mark.parametrize("jit", [False, True])
def test_floats_have_the_bits_of_a_division(jit):
    compiled = tf.function(floats_of_bytes, jit_compile=jit)
    np.testing.assert_array_equal(compiled(tf.constant(IMAGES)), to_floats(IMAGES))


def test_without_a_gpu_floats_are_made_beside_the_step():
    task = task_of("vae", "auto")
    assert not task.as_bytes
    assert "image" in task.training(range(1)).element_spec
    assert gpu_of(tf.distribute.get_strategy()) is None
    data = task.training(range(1))
    assert prefetched(data, None) is data


def test_copying_ahead_trains_to_the_same_bits():
    assert_equal(trained("vae", device="CPU:0"), trained("vae"))


def test_batches_that_are_copied_hold_their_images():
    data = prefetched(task_of("vae", "off").training(range(3)), "CPU:0")
    gc.collect()
    assert len([*data]) == 3
