"""A step with both networks trained and one with the discriminator paused, on one device and on
two, of an autoencoder and of an inversion; and two steps with shares of the gradient, in the second
of which the discriminator joins.

Prints as JSON for each the largest differences of weights, how far they moved in each step, the
logs of the second step, the mean squares that feature errors are divided by, and the mean norms of
gradients. Of an inversion with noise also what each of two devices draws.
"""

import dataclasses
import functools
import itertools
import json
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import describe
from tfdeepsim.data.pipeline import training_batches
from tfdeepsim.data.splits.split import Split
from tfdeepsim.gate import GatedAdam
from tfdeepsim.networks.inversion_generator import InversionGenerator
from tfdeepsim.training.build import build_model, make_strategy
from tfdeepsim.training.tasks import make_task

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3), np.uint8)
NETWORKS = ("generator", "discriminator")


def weights(model):
    return {
        name: [w.numpy() for w in getattr(model, name).trainable_variables] for name in NETWORKS
    }


TASKS = {
    "autoencoder": {
        "network": "dosovitskiy",
        "loss": "deepsim",
        "comparator": "random_alexnet:relu1",
    },
    "inversion": {"task": "inversion", "invert": "random_alexnet:pool2", "lambda_adv": 1.0},
    # The discriminator joins in the second step, with weight decay.
    "shares": {
        "network": "dosovitskiy",
        "loss": "deepsim",
        "lambda_units": "shares",
        "comparator": "random_alexnet:relu1",
        "adversarial_start": 1,
        "discriminator_weight_decay": 0.1,
    },
}


@functools.cache
def strategy_of(name):
    """One strategy in a process, since collective operations of several would be mixed up."""
    return make_strategy(TrainConfig(batch_size=4, strategy=name))


def train(what, strategy_name):
    sizes = {"width": 0.1, "batch_size": 4}
    config = TrainConfig(**TASKS[what], **sizes, gate="hysteresis", strategy=strategy_name)
    strategy = strategy_of(strategy_name)
    described = dataclasses.replace(
        describe(config.dataset, None, config),
        splits={"encoder_train": len(IMAGES)},
        ready=True,
    )
    data = SimpleNamespace(splits={"encoder_train": Split(IMAGES, {})}, description=described)
    model = build_model(make_task(config, data), strategy)
    # Each device draws its own noise.
    for layer in model.discriminator.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    with strategy.scope():
        # With a small epsilon, Adam would turn the rounding of a small gradient into a whole step.
        model.compile(optimizer=GatedAdam(2e-3, epsilon=1e-3))
    seen = [weights(model)]
    for step in range(2):
        data = training_batches(
            Split(IMAGES, {}), batch_size=4, seed=0, steps=range(step, step + 1)
        )
        logs = model.fit(data, steps_per_epoch=1, verbose=0, shuffle=False).history
        seen.append(weights(model))
        if not config.adversarial_start:
            model.gate.discriminator.assign(0.0)
    shares = model.gradient_shares
    return {
        "seen": seen,
        "logs": {name: value for name, (value,) in logs.items()},
        "feature_scales": model.feature_scales,
        "norms": shares and (shares.norms.numpy() / shares.seen.numpy()).tolist(),
        "replicas": strategy.num_replicas_in_sync,
    }


def furthest(a, b):
    return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True))


def compare(what):
    one, two = (train(what, strategy) for strategy in ("single", "mirrored"))
    assert two["replicas"] == 2
    a, b = one["seen"], two["seen"]
    return {
        "difference": {
            name: max(furthest(x[name], y[name]) for x, y in zip(a, b, strict=True))
            for name in NETWORKS
        },
        "moved": {
            name: [furthest(before[name], after[name]) for before, after in itertools.pairwise(a)]
            for name in NETWORKS
        },
        "moved_in_pause": [
            furthest(seen[1]["discriminator"], seen[2]["discriminator"]) for seen in (a, b)
        ],
    } | {name: [one[name], two[name]] for name in ("logs", "feature_scales", "norms")}


def noise():
    strategy = strategy_of("mirrored")
    with strategy.scope():
        inverter = InversionGenerator((3,), (16, 16, 3), 0.02, noise_dim=2)
    drawn = strategy.run(lambda: inverter(tf.zeros((1, 3)), training=True)["noise"])
    return [values.numpy().tolist() for values in strategy.experimental_local_results(drawn)]


print(json.dumps({what: compare(what) for what in TASKS} | {"noise": noise()}))
