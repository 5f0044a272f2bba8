"""Trains a run that `test_two_devices.py` looks at, on one device or on two."""

import sys

import rich.console
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.trainer import train

strategy, name, dataset, folder = sys.argv[1:]
if strategy == "mirrored":
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

SMALL = {"network": "dosovitskiy", "width": 0.1}
SYSTEMS = {
    "pixel": SMALL,
    "deepsim": SMALL | {"loss": "deepsim", "comparator": "random_alexnet:conv1"},
    "perceptual": {"loss": "perceptual", "comparator": "random_alexnet:conv1", "latent_dim": 4},
    "inversion": {"task": "inversion", "invert": "random_alexnet:pool1", "width": 0.1},
}
config = TrainConfig(dataset=dataset, batch_size=8, epochs=2, strategy=strategy, **SYSTEMS[name])
train(config, RunDirectory(folder), console=rich.console.Console(quiet=True))
