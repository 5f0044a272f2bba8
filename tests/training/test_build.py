"""The compiled model of a task: XLA compiles the training step of each kind."""

import dataclasses
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import describe
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.training.build import build_model
from tfdeepsim.training.tasks import make_task

SMALL = {"network": "dosovitskiy", "width": 0.05}
DEEPSIM = {"loss": "deepsim", "comparator": "random_alexnet:relu1"}
INVERSION = {"task": "inversion", "invert": "random_alexnet:pool2", "width": 0.05}
STEPS = {
    "pixel": SMALL,
    "l1": SMALL | {"loss": "l1"},
    "vae": SMALL | {"model": "vae"},
    "perceptual": SMALL | {"loss": "perceptual", "comparator": "random_alexnet:relu1"},
    "perceptual, of Pihlgren": {"loss": "perceptual", "comparator": "random_alexnet:relu2"},
    "deepsim": SMALL | DEEPSIM,
    "deepsim, hysteresis": SMALL | DEEPSIM | {"gate": "hysteresis", "adversarial_start": 2},
    "deepsim, shares": SMALL | DEEPSIM | {"lambda_units": "shares"},
    "inversion": INVERSION | {"loss": "pixel"},
    "inversion, deepsim": INVERSION | DEEPSIM,
    "inversion, diversity": INVERSION | {"noise_dim": 4, "lambda_diversity": 0.1},
    "exemplar_cnn": {"task": "comparator", "comparator": "exemplar_cnn", "surrogate_classes": 4},
}
BATCH = 4
IMAGES = np.random.default_rng(0).integers(0, 256, (2 * BATCH, 64, 64, 3), np.uint8)


def built(fields, **options):
    config = TrainConfig(**fields, batch_size=BATCH, **options)
    splits = {"encoder_train": Split(IMAGES, {}), "encoder_validation": Split(IMAGES, {})}
    described = describe(config.dataset, None, config)
    sizes = {name: len(split.images) for name, split in splits.items()}
    described = dataclasses.replace(described, splits=sizes, ready=True)
    task = make_task(config, SimpleNamespace(splits=splits, description=described))
    return build_model(task), task


def measures(fields, jit):
    model, task = built(fields, jit=jit)
    assert model.jit_compile is (jit == "on")
    for layer in model._flatten_layers():
        # XLA draws other random numbers.
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    data = task.training(range(2))
    logs = model.fit(data, steps_per_epoch=2, shuffle=False, verbose=0).history
    return {name: values[0] for name, values in logs.items()}


def of_default_suite(name):
    return name if name in ("perceptual", "deepsim") else pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.parametrize("name", [of_default_suite(name) for name in STEPS])
def test_xla_compiles_every_kind_of_step(name):
    compiled, plain = (measures(STEPS[name], jit) for jit in ("on", "off"))
    if STEPS[name].keys() & {"model", "noise_dim", "surrogate_classes"}:
        # These draw noise, or distort their images at random.
        assert compiled.keys() == plain.keys()
        assert np.isfinite(list(compiled.values())).all()
    else:
        assert compiled == pytest.approx(plain, rel=2e-3, abs=1e-5)


def test_without_a_gpu_xla_is_left_out_by_itself():
    assert not tf.config.list_physical_devices("GPU")
    assert built(SMALL, jit="auto")[0].jit_compile is False


def test_several_devices_and_deterministic_operations_are_refused():
    with pytest.raises(InputError, match="XLA has no deterministic operations"):
        TrainConfig(jit="on", deterministic=True)
    config = TrainConfig(**SMALL, jit="on")
    with pytest.raises(InputError, match="XLA compiles the training step of one device"):
        build_model(SimpleNamespace(config=config), tf.distribute.MirroredStrategy(["CPU:0"]))
